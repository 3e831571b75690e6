//! The columns of an export by their names. Each list is one table: which columns are needed, and which may be absent, as in
//! older versions.

/// Makes a struct of the places of the columns, and one of the cells of a row.
macro_rules! columns {
    ($places:ident, $cells:ident { needed: $($needed:ident)+; other: $($other:ident)+ }) => {
        #[derive(Debug, Clone, Default)]
        struct $places {
            $($needed: Option<usize>,)+
            $($other: Option<usize>,)+
        }

        #[derive(Debug, Clone, Copy)]
        struct $cells<'a> {
            $($needed: $crate::ingest::exports::cell::Cell<'a>,)+
            $($other: $crate::ingest::exports::cell::Cell<'a>,)+
        }

        impl $places {
            fn of(header: &[String]) -> $places {
                let place = |name: &str| header.iter().position(|column| column == name);
                $places { $($needed: place(stringify!($needed)),)+ $($other: place(stringify!($other)),)+ }
            }

            fn missing(&self) -> Vec<&'static str> {
                let needed = [$((stringify!($needed), self.$needed)),+];
                needed.into_iter().filter(|(_, place)| place.is_none()).map(|(name, _)| name).collect()
            }

            fn cells<'a>(&self, record: &'a $crate::ingest::exports::Record) -> $cells<'a> {
                let cell = |name, place: Option<usize>| $crate::ingest::exports::cell::Cell {
                    name,
                    text: place.map_or("", |place| record.cell(place)),
                };
                $cells {
                    $($needed: cell(stringify!($needed), self.$needed),)+
                    $($other: cell(stringify!($other), self.$other),)+
                }
            }
        }
    };
}

pub(super) use columns;
