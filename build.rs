//! Link options of the program: each segment starts at a huge page of its own, so that the text can be moved
//! into huge pages at the start (`src/runtime/pages.rs`).

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg-bins=-Wl,-z,max-page-size=0x200000");
    println!("cargo:rustc-link-arg-bins=-Wl,-z,separate-code");
}
