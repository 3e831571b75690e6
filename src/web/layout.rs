//! What surrounds every page: title, top bar, search box and menus. The template of a page starts with
//! `{% extends "layout.html" %}` and its struct has a field `layout: Layout`.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Flash, OpenDialog, filters};
use crate::wording::Preferences;

/// Who sees the page, and in which project.
#[derive(Debug, Clone)]
pub struct Frame {
    pub name: String,
    pub email: String,
    /// Empty on a page that belongs to no project.
    pub role: &'static str,
    pub project: ProjectLink,
    /// All projects of this person, by name.
    pub projects: Vec<ProjectLink>,
    pub has_settings: bool,
    /// How many requests wait for somebody; `None` for people who do not decide about them.
    pub requests: Option<i64>,
    /// Warnings about settings that could lose or leak data. They are empty for everybody but admins.
    pub warnings: Arc<[String]>,
    /// Since when the project gets no webhooks, and what to look at; for admins.
    pub silence: Option<String>,
    pub preferences: Preferences,
}

/// A project in the switcher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectLink {
    pub slug: String,
    pub name: String,
}

/// The part of a project that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Customers,
    Requests,
    Settings,
    Elsewhere,
}

/// The part of a page that all pages share.
pub struct Layout {
    pub title: String,
    /// `None` when nobody is logged in: the page has no top bar then.
    pub frame: Option<Arc<Frame>>,
    pub section: Section,
    /// The text in the search box.
    pub query: String,
    /// The message about what just happened.
    pub flash: Option<Flash>,
    /// The open dialog, over the page.
    pub dialog: Option<OpenDialog>,
}

/// The page up to its own part. It is a template of its own, so that it is compiled once and not into each page.
#[derive(Template)]
#[template(path = "layout/start.html")]
pub struct Start<'a> {
    layout: &'a Layout,
}

impl HtmlSafe for Start<'_> {}

/// The page after its own part.
#[derive(Template)]
#[template(path = "layout/end.html")]
pub struct End<'a> {
    layout: &'a Layout,
}

impl HtmlSafe for End<'_> {}

impl Layout {
    pub fn new(title: impl Into<String>, frame: Option<Arc<Frame>>, section: Section) -> Layout {
        Layout { title: title.into(), frame, section, query: String::new(), flash: None, dialog: None }
    }

    /// The layout of a page that anybody may see.
    pub fn bare(title: impl Into<String>) -> Layout {
        Layout::new(title, None, Section::Elsewhere)
    }

    /// Keeps the text that was typed into the search box.
    #[must_use]
    pub fn with_query(mut self, query: impl Into<String>) -> Layout {
        self.query = query.into();
        self
    }

    pub fn start(&self) -> Start<'_> {
        Start { layout: self }
    }

    pub fn end(&self) -> End<'_> {
        End { layout: self }
    }

    pub fn preferences(&self) -> Preferences {
        self.frame.as_ref().map(|frame| frame.preferences).unwrap_or_default()
    }

    #[must_use]
    pub fn with_flash(mut self, flash: Option<Flash>) -> Layout {
        self.flash = flash;
        self
    }

    /// Opens a dialog over the page. When there is none, a flash message shows `problem` instead.
    pub fn show_dialog(&mut self, dialog: Option<OpenDialog>, problem: String) {
        if dialog.is_none() && !problem.is_empty() {
            self.flash = Some(Flash::problem(problem));
        }
        self.dialog = dialog;
    }

    pub fn is_in_customers(&self) -> bool {
        self.section == Section::Customers
    }

    pub fn is_in_requests(&self) -> bool {
        self.section == Section::Requests
    }

    pub fn is_in_settings(&self) -> bool {
        self.section == Section::Settings
    }
}

impl Frame {
    /// The first letters of the first and the last name: `SM`.
    pub fn initials(&self) -> String {
        let mut words = self.name.split_whitespace();
        let first = words.next().and_then(|word| word.chars().next());
        let last = words.next_back().and_then(|word| word.chars().next());
        first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
    }

    pub fn has_project(&self) -> bool {
        !self.project.slug.is_empty()
    }

    pub fn customers(&self) -> String {
        self.project.customers()
    }

    pub fn requests_page(&self) -> String {
        format!("/projects/{}/requests", self.project.slug)
    }

    pub fn settings(&self) -> String {
        format!("/projects/{}/settings", self.project.slug)
    }
}

impl ProjectLink {
    pub fn customers(&self) -> String {
        format!("/projects/{}/customers", self.slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        for (name, initials) in [("Sol Mbeki", "SM"), ("Ada", "A"), ("ana de la cruz", "AC"), ("", ""), ("ß ẞ", "SSẞ")]
        {
            let frame = Frame {
                name: name.into(),
                email: String::new(),
                role: "viewer",
                project: ProjectLink::default(),
                projects: Vec::new(),
                has_settings: false,
                requests: None,
                warnings: Arc::default(),
                silence: None,
                preferences: Preferences::default(),
            };
            assert_eq!(frame.initials(), initials);
        }
    }
}
