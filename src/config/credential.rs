//! Reading a secret: only from a file that nobody else may read.

use std::{
    fs::File,
    io::Read,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{Places, Settings, User};

/// Longer than any credential.
const MAX_BYTES: u64 = 64 * 1024;

/// The secret cannot be had. The text never holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The file cannot be read.
    #[error("cannot read the credential {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read it.
    #[error("others may read the credential {0}; run: chmod 600 {0}")]
    Open(PathBuf),
    /// It is not a plain file.
    #[error("the credential {0} is not a plain file")]
    NotAFile(PathBuf),
    /// It is not text.
    #[error("the credential {0} is not text; it has to hold the token and nothing else")]
    NotText(PathBuf),
    /// There is nothing in it.
    #[error("the credential {0} is empty; put the access token into it")]
    Empty(PathBuf),
    /// systemd did not hand it over.
    #[error(
        "the systemd credential {0:?} is not there: add LoadCredential={0}:/path to the unit, or use \
         credential_file"
    )]
    NotHanded(String),
}

/// Reads the credential of a user. Spaces and line breaks around it are not part of it.
pub fn read(
    settings: &Settings,
    user: &User,
    places: &Places<'_>,
) -> Result<SecretString, CredentialError> {
    match (&user.credential_file, &user.credential) {
        (Some(file), _) => {
            let base = settings.file.as_deref().and_then(Path::parent);
            let path = base.map_or_else(|| file.clone(), |base| base.join(file));
            // What systemd hands over is on a private file system; what the user keeps has to be
            // private by its mode.
            read_file(&path, true)
        }
        (None, Some(name)) => {
            let path = places.credential(name);
            let path = path.ok_or_else(|| CredentialError::NotHanded(name.clone()))?;
            read_file(&path, false)
        }
        (None, None) => Err(CredentialError::NotHanded(String::new())),
    }
}

fn read_file(path: &Path, must_be_private: bool) -> Result<SecretString, CredentialError> {
    let unreadable = |source| CredentialError::Unreadable {
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened: opening a pipe would wait for ever.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(CredentialError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(unreadable)?;
    // Asked of the open file, not of the name: nobody can exchange it in between.
    let metadata = file.metadata().map_err(unreadable)?;
    if must_be_private && metadata.permissions().mode() & 0o077 != 0 {
        return Err(CredentialError::Open(path.to_owned()));
    }
    let mut text = String::new();
    match file.take(MAX_BYTES).read_to_string(&mut text) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            return Err(CredentialError::NotText(path.to_owned()));
        }
        Err(error) => return Err(unreadable(error)),
        Ok(_) => {}
    }
    let secret = text.trim();
    if secret.is_empty() {
        return Err(CredentialError::Empty(path.to_owned()));
    }
    Ok(secret.to_owned().into())
}
