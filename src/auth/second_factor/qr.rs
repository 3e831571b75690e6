//! Draws a text as a QR code, with one path in the page itself: the secret in it never leaves the machine.

use qrcodegen::{QrCode, QrCodeEcc};

use crate::base::error::Error;

/// The width of the light margin around the code in squares, as readers expect it.
const QUIET: i32 = 4;

/// For `<svg viewBox="0 0 {side} {side}"><path d="{path}"/></svg>`.
pub struct Picture {
    pub side: i32,
    /// The dark squares, as runs along each row: `M4 4h7v1h-7z…`
    pub path: String,
}

impl Picture {
    /// # Errors
    /// [`Error::Internal`] when the text is longer than a QR code can hold.
    pub fn draw(text: &str) -> Result<Picture, Error> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|error| Error::Internal(error.to_string()))?;
        let path = (0..code.size()).flat_map(|row| runs(&code, row)).collect();
        Ok(Picture { side: code.size() + 2 * QUIET, path })
    }
}

/// The runs of dark squares in a row.
fn runs(code: &QrCode, row: i32) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = None;
    // One square beyond the end: it is light and ends the last run.
    for column in 0..=code.size() {
        match (code.get_module(column, row), start) {
            (true, None) => start = Some(column),
            (false, Some(first)) => {
                let length = column - first;
                found.push(format!("M{} {}h{length}v1h-{length}z", first + QUIET, row + QUIET));
                start = None;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corners_of_a_code_are_where_a_reader_looks_for_them() {
        let picture = Picture::draw("otpauth://totp/Dossier:ada%40sundial.example?secret=ABC").expect("a picture");
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "{}", picture.path);
        assert!(picture.path.contains(&format!("M{} 4h7v1h-7z", picture.side - QUIET - 7)));
        assert!((29..80).contains(&picture.side), "{}", picture.side);
        assert!(Picture::draw(&"x".repeat(5000)).is_err());
    }
}
