//! Where a page of a SQLite file holds nothing, by its file format (sqlite.org/fileformat2.html, section 1.6). Pure.

use std::ops::Range;

/// The first byte of a page of a B-tree says what it is; only an inner page has a pointer to its last child.
const INNER: [u8; 2] = [2, 5];
const LEAF: [u8; 2] = [10, 13];

/// The unused bytes of a page between its list of cells and the first cell; `None` when it is not a page of a B-tree. The
/// first page of a file is not read: it begins with the header of the file. `reserved` is the number of bytes at the end of
/// each page that SQLite does not use.
pub fn unused(page: &[u8], reserved: usize) -> Option<Range<usize>> {
    let header = match page.first()? {
        kind if INNER.contains(kind) => 12,
        kind if LEAF.contains(kind) => 8,
        _ => return None,
    };
    let (cells, end) = (number(page, 3)?, page.len().checked_sub(reserved)?);
    let first_cell = match number(page, 5)? {
        0 => 1 << 16,
        at => at,
    };
    let list_end = header + 2 * cells;
    let is_in_cells = |cell| number(page, header + 2 * cell).is_some_and(|at| (first_cell..end).contains(&at));
    (list_end <= first_cell && first_cell <= end && (0..cells).all(is_in_cells)).then_some(list_end..first_cell)
}

/// Overwrites the unused bytes with zeros. Returns whether any was not zero.
pub fn overwrite(page: &mut [u8], reserved: usize) -> bool {
    let Some(unused) = unused(page, reserved) else { return false };
    let unused = page.get_mut(unused).unwrap_or_default();
    let has_content = unused.iter().any(|byte| *byte != 0);
    unused.fill(0);
    has_content
}

/// The two bytes at a place of a page, the high one first.
fn number(page: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 2] = page.get(at..at + 2)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leaf with two cells at the end, and something else everywhere between.
    fn leaf() -> Vec<u8> {
        let mut page = vec![b'x'; 512];
        page[..12].copy_from_slice(&[13, 0, 0, 0, 2, 1, 224, 0, 1, 240, 1, 224]);
        page
    }

    #[test]
    fn only_what_lies_between_the_list_of_cells_and_the_cells_is_overwritten() {
        let mut page = leaf();
        assert!(overwrite(&mut page, 0));
        assert_eq!(page[..12], leaf()[..12]);
        assert_eq!(page[12..480], [0; 468]);
        assert_eq!(page[480..], leaf()[480..]);
        assert!(!overwrite(&mut page, 0), "nothing is left to overwrite");
    }

    #[test]
    fn a_page_that_holds_no_rows_or_contradicts_itself_stays_as_it_is() {
        type Damage = fn(&mut Vec<u8>);
        let damage: [(&str, Damage); 6] = [
            ("of another kind", |page| page[0] = 0),
            ("a cell before the first", |page| page[10..12].copy_from_slice(&[1, 0])),
            ("a cell behind the end", |page| page[8..10].copy_from_slice(&[2, 0])),
            ("more cells than there is room for", |page| page[3..5].copy_from_slice(&[1, 0])),
            ("cells that begin behind the end", |page| page[5..7].copy_from_slice(&[2, 1])),
            ("nothing", Vec::clear),
        ];
        for (what, damage) in damage {
            let mut page = leaf();
            damage(&mut page);
            let before = page.clone();
            assert!(!overwrite(&mut page, 0), "{what}");
            assert_eq!(page, before, "{what}");
        }
        assert!(!overwrite(&mut leaf(), 20), "a cell in the reserved bytes");
    }

    #[test]
    fn a_full_page_and_an_empty_one_have_their_own_ends() {
        let mut empty = vec![0; 65_536];
        empty[0] = 10;
        assert_eq!(unused(&empty, 0), Some(8..65_536), "0 stands for the end of the largest page");
        let mut inner = leaf();
        inner[0] = 5;
        inner[12..16].copy_from_slice(&[1, 240, 1, 224]);
        assert_eq!(unused(&inner, 0), Some(16..480), "an inner page has a longer header");
    }
}
