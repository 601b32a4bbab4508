//! Who owns the files that are made. A command that root runs must not leave behind what the server, as another user, cannot open: a
//! new file or folder belongs to whoever owns what it replaces, or the folder that it is in.

use std::fs::File;
use std::path::Path;

/// Makes a folder that only its owner may look into, and those above it that are missing.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> std::io::Result<()> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)?;
    for folder in missing.into_iter().rev() {
        if let Ok(made) = File::open(folder) {
            give(&made, folder, &around(folder));
        }
    }
    Ok(())
}

/// Gives a file that was just made at `path`, or by root before, to whoever owns the folder around it.
pub fn give_to_folder(file: &File, path: &Path) {
    give(file, path, &around(path));
}

/// Gives a file that was just made at `path`, to take the place of `replaced`, to whoever owns that, or the folder around it.
pub fn give_to_owner_of(file: &File, path: &Path, replaced: &Path) {
    if replaced.exists() { give(file, path, replaced) } else { give(file, path, &around(replaced)) }
}

/// The folder that something is in.
fn around(path: &Path) -> std::path::PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Only root may give something away, and what root makes belongs to root. Where that is not allowed, the file stays as it is: whoever
/// cannot open it says so.
///
/// **Invariant**: a link that stands at `path` gives nothing away. Whoever owns the folder could have put it there, and would get what root
/// alone may write.
#[cfg(unix)]
fn give(file: &File, path: &Path, model: &Path) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    const ROOT: u32 = 0;
    let (Ok(own), Ok(model)) = (file.metadata(), std::fs::metadata(model)) else { return };
    let Ok(there) = std::fs::symlink_metadata(path) else { return };
    let is_itself = (own.dev(), own.ino()) == (there.dev(), there.ino());
    let has_one_name = own.is_dir() || own.nlink() == 1;
    if is_itself && has_one_name && own.uid() == ROOT && model.uid() != ROOT {
        let _ = fchown(file, Some(model.uid()), Some(model.gid()));
    }
}

#[cfg(not(unix))]
fn give(_file: &File, _path: &Path, _model: &Path) {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, chown};

    use super::*;
    use crate::chance::Chance;
    use crate::seal;
    use crate::store::Db;

    const SOMEBODY: u32 = 12_345;

    fn owner(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().uid()
    }

    /// Only root can try it.
    #[tokio::test]
    async fn what_root_makes_belongs_to_whom_the_place_belongs() {
        let folder = tempfile::tempdir().unwrap();
        if chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).is_err() {
            return;
        }
        let data = folder.path().join("deep/data");
        make_folder(&data).unwrap();
        assert_eq!((owner(&data), owner(data.parent().unwrap())), (SOMEBODY, SOMEBODY));
        let (key, database) = (data.join("secret.key"), data.join("pharos.db"));
        let lock = data.join("pharos.db.lock");
        seal::keys_of_file(&key, &Chance::System).unwrap();
        assert_eq!(owner(&key), SOMEBODY);
        // One that root left behind is mended, too.
        std::fs::write(&lock, "").unwrap();
        let url = Db::sqlite_url(&database);
        let _lock = Db::lock(&url).unwrap();
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        for made in [&lock, &database, &data.join("pharos.db-wal"), &data.join("pharos.db-shm")] {
            assert_eq!(owner(made), SOMEBODY, "{}", made.display());
        }
        db.close().await;

        // A link to something of root's gives that to nobody.
        let (of_root, link) = (folder.path().join("of-root"), data.join("other.db.lock"));
        std::fs::write(&of_root, "").unwrap();
        std::os::unix::fs::symlink(&of_root, &link).unwrap();
        drop(Db::lock(&Db::sqlite_url(&data.join("other.db"))).unwrap());
        std::fs::hard_link(&of_root, data.join("third.db.lock")).unwrap();
        drop(Db::lock(&Db::sqlite_url(&data.join("third.db"))).unwrap());
        assert_eq!(owner(&of_root), 0);

        // What replaces a file of somebody else is theirs, whoever owns the folder.
        chown(&key, Some(SOMEBODY + 1), Some(SOMEBODY + 1)).unwrap();
        seal::write_keys(&key, &[seal::new_key(&Chance::System)]).unwrap();
        assert_eq!(owner(&key), SOMEBODY + 1);
    }
}
