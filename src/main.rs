//! The program. Its commands are in `cli`.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    dossier::cli::main()
}
