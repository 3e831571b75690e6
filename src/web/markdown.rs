//! Turns Markdown into HTML that is safe to print: it holds the formatting that a note may have (§3) and nothing else.
//! pulldown-cmark reads the Markdown, then ammonia removes every tag and attribute that is not allowed. This happens
//! on every view, so a stricter rule holds for old notes too. Formatting that is not allowed becomes plain text.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use askama::filters::HtmlSafe;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// HTML that has passed [`render`]: the only text that pages print without escaping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanHtml(String);

impl HtmlSafe for CleanHtml {}

impl fmt::Display for CleanHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::empty();
    cleaner
        .tags(HashSet::from(["p", "br", "strong", "em", "del", "code", "ul", "ol", "li", "a"]))
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"));
    cleaner
});

/// How many elements stand inside each other at most. The time that the HTML parser takes grows with the square of it.
const MOST_LEVELS: usize = 20;

/// Renders the Markdown of a note. What is nested deeper than [`MOST_LEVELS`] loses its formatting.
pub fn render(source: &str) -> CleanHtml {
    let events = Parser::new_ext(source, Options::ENABLE_STRIKETHROUGH).filter_map(simplified).filter(not_too_deep());
    let mut raw = String::with_capacity(source.len() * 2);
    html::push_html(&mut raw, events);
    clean(&raw)
}

/// Removes from HTML whatever a note may not have.
pub fn clean(html: &str) -> CleanHtml {
    CleanHtml(CLEANER.clean(html).to_string())
}

/// Replaces what a note may not have. Headings, quotes and code blocks become paragraphs, images become their
/// description, and HTML becomes the text that was typed. Line ends are kept.
fn simplified(event: Event<'_>) -> Option<Event<'_>> {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::SoftBreak => Some(Event::HardBreak),
        Event::Start(Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::BlockQuote(_) | Tag::Image { .. }) => None,
        Event::End(TagEnd::BlockQuote(_) | TagEnd::Image) | Event::Rule => None,
        other => Some(other),
    }
}

/// Whether an event is kept: one that begins or ends an element only up to [`MOST_LEVELS`].
fn not_too_deep() -> impl FnMut(&Event<'_>) -> bool {
    let mut level = 0_usize;
    move |event| match event {
        Event::Start(_) => {
            level += 1;
            level <= MOST_LEVELS
        }
        Event::End(_) => {
            level = level.saturating_sub(1);
            level < MOST_LEVELS
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(source: &str) -> String {
        render(source).to_string().trim_end().replace('\n', "")
    }

    #[test]
    fn the_formatting_of_notes_is_kept() {
        for (source, html) in [
            (
                "Refund **agreed**, *not* ~~paid~~",
                "<p>Refund <strong>agreed</strong>, <em>not</em> <del>paid</del></p>",
            ),
            ("see `GPA.3390-1182`", "<p>see <code>GPA.3390-1182</code></p>"),
            ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
            ("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>"),
            ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
            ("5 < 6 & \"so\" on", "<p>5 &lt; 6 &amp; \"so\" on</p>"),
        ] {
            assert_eq!(rendered(source), html);
        }
    }

    #[test]
    fn links_are_kept_when_they_lead_to_the_web_or_to_mail() {
        let rel = "rel=\"noopener noreferrer nofollow\"";
        for (source, html) in [
            ("[t](https://a.example/?b=c&d)", format!("<p><a href=\"https://a.example/?b=c&amp;d\" {rel}>t</a></p>")),
            ("[t](mailto:vera@sundial.example)", format!("<p><a href=\"mailto:vera@sundial.example\" {rel}>t</a></p>")),
            ("[t](HTTP://a.example)", format!("<p><a href=\"HTTP://a.example\" {rel}>t</a></p>")),
            ("[t](https://a.example \"on hover\")", format!("<p><a href=\"https://a.example\" {rel}>t</a></p>")),
        ] {
            assert_eq!(rendered(source), html);
        }
    }

    #[test]
    fn what_is_not_allowed_becomes_plain_text() {
        for (source, html) in [
            ("# Big", "<p>Big</p>"),
            ("> quoted", "<p>quoted</p>"),
            ("![a cat](https://a.example/cat.png)", "<p>a cat</p>"),
            ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
            ("a\n\n---\n\nb", "<p>a</p><p>b</p>"),
            ("```\ncode\n```", "<p>code</p>"),
            ("| a |\n| - |\n| b |", "<p>| a |<br>| - |<br>| b |</p>"),
        ] {
            assert_eq!(rendered(source), html);
        }
    }

    /// Known ways to smuggle script, requests or layout into a page.
    const ATTACKS: &[&str] = &[
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.example></ScRiPt>",
        "<img src=x onerror=alert(1)>",
        "<img/src=`x`onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<svg><script>alert&#40;1&#41;</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<a href=javascript:alert(1)>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](&#x6A&#x61&#x76&#x61script:alert(1))",
        "[x](\u{1}javascript:alert(1))",
        "[x]( javascript:alert(1))",
        "[x](<java\nscript:alert(1)>)",
        "[x](vbscript:msgbox(1))",
        "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/projects/sundial/customers)",
        "[x](#manage)",
        "<javascript:alert(1)>",
        "<https://a.example/\" onmouseover=\"alert(1)>",
        "[x](https://a.example/\"onmouseover=\"alert(1))",
        "[x](https://a.example 'x\" onclick=\"alert(1)')",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "![x](javascript:alert(1))",
        "![x](https://evil.example/pixel.gif)",
        "![x\" onerror=\"alert(1)](y)",
        "<style>*{display:none}</style>",
        "<link rel=stylesheet href=//evil.example>",
        "<meta http-equiv=refresh content=0;url=//evil.example>",
        "<base href=//evil.example>",
        "<form action=/logout method=post><button>x</button></form>",
        "<input autofocus onfocus=alert(1)>",
        "<details open ontoggle=alert(1)>",
        "<p id=manage class=dialog style=position:fixed>x</p>",
        "<!-- --><script>alert(1)</script>",
        "<![CDATA[<script>alert(1)</script>]]>",
        "<?php echo 1 ?>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<template><script>alert(1)</script></template>",
        "`<script>alert(1)</script>`",
        "    <script>alert(1)</script>",
        "```html\n<script>alert(1)</script>\n```",
        "```\" onmouseover=\"alert(1)\nx\n```",
        "</div></section></main><h1>Log in</h1>",
        "**<b>**</b>",
        "[<img src=x onerror=alert(1)>](https://a.example)",
        "\u{202E}txt.exe",
    ];

    #[test]
    fn no_attack_leaves_more_than_the_allowed_tags() {
        for attack in ATTACKS {
            let html = rendered(attack);
            for tag in html.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap_or("");
                let is_plain = ["p", "br", "strong", "em", "del", "code", "ul", "ol", "li", "a"]
                    .iter()
                    .any(|name| tag == *name || tag == format!("/{name}"));
                let is_link = tag.starts_with("a href=\"https://a.example")
                    && tag.ends_with("rel=\"noopener noreferrer nofollow\"")
                    && tag.matches('"').count() == 4;
                assert!(is_plain || is_link || tag == "a rel=\"noopener noreferrer nofollow\"", "{attack} -> {html}");
            }
        }
    }

    #[test]
    fn what_is_nested_too_deeply_keeps_its_text_and_takes_no_time() {
        let began = std::time::Instant::now();
        for unit in ["* + ", "1. ", "- 1) "] {
            let source = format!("{}deep", unit.repeat(64_000 / unit.len()));
            let html = rendered(&source);
            assert!(html.contains("deep") && html.matches("<li>").count() <= MOST_LEVELS / 2, "{unit}");
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
        let five = rendered("- a\n  - b\n    - c\n      - d\n        - e");
        assert!(five.ends_with("<li>e</li></ul></li></ul></li></ul></li></ul></li></ul>"), "{five}");
    }

    #[test]
    fn a_deeply_nested_or_long_source_is_rendered() {
        for source in ["*".repeat(255), "[".repeat(255), "- ".repeat(127), "> ".repeat(127), "`".repeat(255)] {
            assert!(rendered(&source).len() < 20_000, "{source}");
        }
    }
}
