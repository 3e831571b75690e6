// Starts every behaviour. Each finds its own elements by a data- attribute; the page is whole without any of them.
import "./copy.js";
import "./counter.js";
import "./filter.js";
import "./flash.js";
import "./live.js";
import "./local-time.js";
import "./preview.js";
import "./row.js";
import "./search.js";
import "./shortcut.js";
import "./switch.js";
// Last: what it opens, the others have to know by then.
import "./dialog.js";
