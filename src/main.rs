//! The program. What it can do is in `commands`.

fn main() -> std::process::ExitCode {
    dossier::cli::main()
}
