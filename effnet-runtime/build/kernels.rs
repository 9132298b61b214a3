//! Every `op.cu` below `src` becomes a PTX module, named after its folder.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use cudaforge::{CudaToolkit, KernelBuilder, detect_compute_cap};

/// Compiles the kernels, and writes `kernels.rs`: a constant for each module.
pub(super) fn compile() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build");
    // A new kernel's folder, too, is a change.
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-env-changed=CUDA_COMPUTE_CAP");
    println!("cargo::rerun-if-env-changed=NVCC");
    check_toolkit()?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo set no OUT_DIR")?);
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo set no CARGO_MANIFEST_DIR")?).join("src");
    let mut sources = Vec::new();
    find(&root, &mut sources).map_err(|error| format!("cannot list the kernels in {}: {error}", root.display()))?;
    sources.sort();
    let (mut files, mut constants) = (Vec::new(), String::new());
    for source in sources.iter().filter(|source| source.extension().is_some_and(|extension| extension == "cu")) {
        let name = source.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let name = name.ok_or_else(|| format!("{} has no folder to be named after", source.display()))?;
        // nvcc names its results after its sources, and these are all `op.cu`.
        let file = out.join(format!("{name}.cu"));
        let text = format!("#include \"{}\"\n", source.display());
        if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            fs::write(&file, &text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        files.push(file);
        let constant = name.to_uppercase();
        let _ = writeln!(
            constants,
            "/// `{name}/op.cu`.\npub(crate) const {constant}: Module =\n    Module {{ name: \"{name}\", ptx: \
             include_str!(concat!(env!(\"OUT_DIR\"), \"/{name}.ptx\")) }};"
        );
    }
    KernelBuilder::new()
        .source_files(files)
        .watch(sources)
        .out_dir(&out)
        .arg("-std=c++17")
        .arg("-O3")
        .build_ptx()
        .map_err(|error| format!("nvcc could not compile a kernel: {error}"))?;
    let path = out.join("kernels.rs");
    fs::write(&path, constants).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Says what is missing before nvcc does.
fn check_toolkit() -> Result<(), String> {
    CudaToolkit::detect().map_err(|_| {
        "the feature `cuda` needs NVIDIA's compiler, and no nvcc was found: install the CUDA toolkit, and put its `bin` \
         on PATH or set NVCC or CUDA_HOME"
            .to_owned()
    })?;
    let capability = detect_compute_cap().map_err(|_| {
        "the feature `cuda` needs to know the GPU that it compiles for, and nvidia-smi does not say: set \
         CUDA_COMPUTE_CAP, such as CUDA_COMPUTE_CAP=90 for an H100"
            .to_owned()
    })?;
    // For the message of a program that meets another GPU.
    println!("cargo::rustc-env=EFFNET_COMPUTE_CAP={capability}");
    Ok(())
}

/// The device code below a folder: kernels and their headers.
fn find(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else if path.file_name().is_some_and(|name| name == "op.cu")
            || path.extension().is_some_and(|extension| extension == "cuh")
        {
            found.push(path);
        }
    }
    Ok(())
}
