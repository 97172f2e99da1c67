//! Linker settings of the module: it stays loaded (fork handlers point into it), and its
//! relocations are read-only once it is.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for argument in [
        "-Wl,-z,nodelete",
        "-Wl,-z,relro,-z,now",
        "-Wl,-soname,libchainhsm.so",
    ] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
