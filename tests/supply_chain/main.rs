//! What the program is built from: known advisories, and the SBOM that `tests/long/sbom` prints.

mod advisories;
mod sbom;
