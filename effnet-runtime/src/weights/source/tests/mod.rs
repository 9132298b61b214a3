//! Folders and caches as Python's `huggingface_hub` makes them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::Source;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A source's weights, with these variables alone in the environment.
fn find(source: &str, variables: &[(&str, &Path)]) -> Result<PathBuf, String> {
    let variable = |name: &str| {
        let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
        Some(OsString::from(value))
    };
    source.parse::<Source>().and_then(|source| source.find_with(&variable)).map_err(|error| error.to_string())
}

/// A cache with one repository, whose files are links into its blobs.
fn cache(files: &[&str]) -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("models--timm--tiny.in1k");
    let snapshot = folder.join("snapshots").join(COMMIT);
    for part in [&folder.join("refs/refs/pr"), &folder.join("blobs"), &snapshot] {
        fs::create_dir_all(part).unwrap();
    }
    fs::write(folder.join("refs/main"), COMMIT).unwrap();
    fs::write(folder.join("refs/refs/pr/1"), COMMIT).unwrap();
    for name in files {
        let blob = folder.join("blobs").join(format!("etag-of-{name}"));
        fs::write(&blob, name).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(Path::new("../../blobs").join(blob.file_name().unwrap()), snapshot.join(name))
            .unwrap();
        #[cfg(not(unix))]
        fs::rename(&blob, snapshot.join(name)).unwrap();
    }
    cache
}

#[test]
fn sources_are_read_and_written_alike() {
    for text in ["run/best.safetensors", "./hf:odd", "hf:timm/a.b-c_d", "hf:timm/x@main", "hf:o/n@refs/pr/1"] {
        let source: Source = text.parse().unwrap();
        assert_eq!(source.to_string(), text);
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!((json.as_str(), serde_json::from_str::<Source>(&json).unwrap()), (&*format!("\"{text}\""), source));
    }
    for text in
        ["hf:", "hf:gpt2", "hf:a/b/c", "hf:../b", "hf:a/..", "hf:a/b@", "hf:a/b@../../x", "hf:a b/c", "hf:/etc/x"]
    {
        let error = text.parse::<Source>().expect_err(text).to_string();
        assert!(error.contains(&format!("`{text}`")) && error.contains("`hf:owner/name@revision`"), "{error}");
    }
}

#[test]
fn a_cached_repository_is_found_by_every_variable() {
    let cache = cache(&["README.md", "config.json", "model.safetensors", "pytorch_model.bin"]);
    let home = tempfile::tempdir().unwrap();
    let (hf_home, xdg) = (home.path().join("hf"), home.path().join("xdg"));
    for hub in [hf_home.join("hub"), xdg.join("huggingface/hub"), home.path().join(".cache/huggingface/hub")] {
        fs::create_dir_all(hub.parent().unwrap()).unwrap();
        let repository = "models--timm--tiny.in1k";
        fs::create_dir_all(hub.join(repository)).unwrap();
        for part in ["refs", "snapshots", "blobs"] {
            copy(&cache.path().join(repository).join(part), &hub.join(repository).join(part));
        }
    }
    let none = tempfile::tempdir().unwrap();
    for (variables, folder) in [
        (vec![("HF_HUB_CACHE", cache.path()), ("HF_HOME", none.path())], cache.path().to_path_buf()),
        (vec![("HF_HOME", hf_home.as_path()), ("HOME", none.path())], hf_home.join("hub")),
        (vec![("XDG_CACHE_HOME", xdg.as_path()), ("HOME", none.path())], xdg.join("huggingface/hub")),
        (vec![("HOME", home.path())], home.path().join(".cache/huggingface/hub")),
        (vec![("HOME", home.path()), ("HF_HOME", Path::new("~/hf"))], hf_home.join("hub")),
    ] {
        for source in ["hf:timm/tiny.in1k", "hf:timm/tiny.in1k@refs/pr/1", &format!("hf:timm/tiny.in1k@{COMMIT}")] {
            let found = find(source, &variables).unwrap();
            assert!(
                found.starts_with(&folder) && found.ends_with(format!("snapshots/{COMMIT}/model.safetensors")),
                "{found:?}"
            );
            assert_eq!(fs::read_to_string(&found).unwrap(), "model.safetensors");
            assert!(found.with_file_name("config.json").is_file());
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn what_is_not_cached_says_where_it_was_looked_for() {
    let cache = cache(&["config.json"]);
    let variables = [("HF_HUB_CACHE", cache.path()), ("HF_HUB_OFFLINE", Path::new("1"))];
    let at = |part: &str| format!("`{}`", cache.path().join(part).display());
    for (source, says) in [
        ("hf:timm/other", at("models--timm--other")),
        ("hf:timm/tiny.in1k@v2", at("models--timm--tiny.in1k/snapshots/v2")),
        ("hf:timm/tiny.in1k", at(&format!("models--timm--tiny.in1k/snapshots/{COMMIT}"))),
    ] {
        let error = find(source, &variables).unwrap_err();
        assert!(error.contains(&says) && error.contains("HF_HUB_OFFLINE") && error.contains(source), "{error}");
    }
    #[cfg(not(feature = "hub"))]
    {
        let error = find("hf:timm/other", &variables[..1]).unwrap_err();
        assert!(
            error.contains("`hf download timm/other --revision main`") && error.contains("feature `hub`"),
            "{error}"
        );
    }
    assert!(find("hf:timm/other", &[]).unwrap_err().contains("set HF_HUB_CACHE"));
}

#[test]
fn a_folder_has_one_weights_file_or_one_by_a_usual_name() {
    for (files, chosen) in [
        (&["config.json", "a.safetensors", "pytorch_model.bin", "model.safetensors"][..], Ok("model.safetensors")),
        (&["a.safetensors", "b.safetensors", "pytorch_model.bin"], Ok("pytorch_model.bin")),
        (&["a.safetensors", "b.pth"], Ok("a.safetensors")),
        (&["optimizer.txt", "net.pth"], Ok("net.pth")),
        (&["b.pth", "a.pth"], Err("2 weights files, `a.pth`, `b.pth`: name one")),
        (&["config.json"], Err("the folder has no weights file: neither `model.safetensors`")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("x.safetensors")).unwrap();
        for name in files {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = find(folder.path().to_str().unwrap(), &[]);
        match chosen {
            Ok(name) => assert_eq!(found.unwrap(), folder.path().join(name)),
            Err(says) => assert!(found.as_ref().is_err_and(|error| error.contains(says)), "{found:?}"),
        }
    }
    // Opening says that there is none.
    assert_eq!(find("no/such/file.pth", &[]).unwrap(), Path::new("no/such/file.pth"));
}

#[cfg(feature = "hub")]
mod hub;
