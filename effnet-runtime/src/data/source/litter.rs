/// Folders and files that operating systems, file servers and thumbnailers leave behind, in lower case: the systems
/// concerned ignore case.
const SYSTEM: [&str; 19] = [
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@tmp",
    "__macosx",
    "desktop.ini",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "found.000",
    "icon\r",
    "network trash folder",
    "system volume information",
    "temporary items",
    "thevolumesettingsfolder",
    "thumbs.db",
    "thumbs.db:encryptable",
];

/// The kind under which to count a path that is no part of a data set: one of its names begins with a dot, as editors'
/// own files do, or is a system's.
pub(super) fn litter(path: &str) -> Option<&'static str> {
    path.split('/').find_map(|part| {
        // Only this spelling counts: `recycler` in small letters may well be a class.
        let system = part == "RECYCLER" || part == "lost+found";
        if system || SYSTEM.iter().any(|name| name.eq_ignore_ascii_case(part)) {
            Some("system")
        } else {
            part.starts_with('.').then_some("hidden")
        }
    })
}
