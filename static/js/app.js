// Starts every behaviour. Each finds its own elements by a data- attribute; the page works without them.
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
// Last, because the dialogs that it opens need the others.
import "./dialog.js";
