//! The keys that seal secrets, as a whole: whether they are those of this database, and how new ones take over.

use domain::id::{DeliveryKey, MonitorKey};
use domain::level_values::Told;
use domain::secret::Secret;
use domain::time::Timestamp;

use crate::store::{
    self, Db, StoreError, claiming, definitions, integrations, level_values, monitors, settings,
};

/// The setting that holds a text sealed with the key in use: whoever has other keys learns it at the start, not at the first alert.
const SAMPLE: &str = "seal_sample";
/// Monitors, or messages, that are sealed anew in one transaction.
const SLICE: i64 = 200;

/// Why a message is not sent any more.
const LOST: &str = "What a level gives was lost with the key that sealed it.";

/// Why the keys do not fit.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database was sealed with another key.
    #[error(
        "the secrets in this database were sealed with another key: {0}. Give the key that belongs to it (secrets.key, or the \
         file secret.key in the data folder), or list it in secrets.old_keys. If it is lost: `pharos secrets rotate --lost`"
    )]
    Foreign(crate::seal::SealError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::StoreError),
}

/// What was sealed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Integrations.
    pub integrations: usize,
    /// Alert definitions.
    pub definitions: usize,
    /// Monitors.
    pub monitors: usize,
    /// What cannot be read, with a key that is gone or by this program, and stays as it is; a few words each.
    pub unreadable: Vec<String>,
    /// Monitors whose secrets were lost with their key and are empty now; a few words each.
    pub emptied: Vec<String>,
}

/// Looks whether the keys are those of this database; the first start leaves the sample behind.
///
/// # Errors
/// When they are not.
pub async fn agree(db: &Db) -> Result<(), KeysError> {
    let mut tx = db.write().await?;
    match settings::get(&mut tx, SAMPLE).await? {
        Some(sample) => {
            db.sealer().open(&sample).map_err(KeysError::Foreign)?;
        }
        None => put_sample(&mut tx, db).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// Whether the database holds something that a key sealed, so that whoever has none has lost it. Works before the first migration.
///
/// # Errors
/// When the database does not answer.
pub async fn are_in_use(db: &Db) -> store::Result<bool> {
    if db.schema().await?.is_of_nothing() {
        return Ok(false);
    }
    Ok(settings::get(&mut db.read().await?, SAMPLE).await?.is_some())
}

async fn put_sample(tx: &mut store::Tx, db: &Db) -> store::Result<()> {
    let sample = db.sealer().seal(&Secret::from("Pharos"))?;
    settings::put(tx, SAMPLE, &sample).await
}

/// Seals everything with the key that seals now, as far as it opens; what does not is named, and keeps nothing else back.
///
/// # Errors
/// When the keys are not those of this database, or it does not answer; what was done until then stays done, and can be done again.
pub async fn reseal(db: &Db) -> Result<Resealed, KeysError> {
    agree(db).await?;
    seal_anew(db, None).await
}

/// Seals what was stored in clear because it did not count as a secret yet, such as a header that an older program did not take for
/// one. Says in how many monitors and integrations.
///
/// # Errors
/// When the database does not answer; what was done until then stays done.
pub async fn seal_bare(db: &Db) -> store::Result<usize> {
    let mut tx = db.write().await?;
    let mut sealed = integrations::seal_bare(&mut tx).await?;
    tx.commit().await?;
    let mut after = Some(MonitorKey(0));
    while let Some(key) = after {
        let mut tx = db.write().await?;
        let (some, last) = monitors::seal_bare(&mut tx, key, SLICE).await?;
        tx.commit().await?;
        sealed += some;
        after = last;
    }
    Ok(sealed)
}

/// As [`reseal`], for whoever has lost the key: what it sealed is given up. Monitors do without their secrets from now on; integrations
/// and alert definitions are named in [`Resealed::unreadable`] until somebody enters theirs anew; what a lost key keeps from being sent
/// fails. No server may work with the database meanwhile.
///
/// # Errors
/// When the database does not answer; what was done until then stays done, and can be done again.
pub async fn give_up_lost(db: &Db, now: Timestamp) -> Result<Resealed, KeysError> {
    seal_anew(db, Some(now)).await
}

async fn seal_anew(db: &Db, lost_at: Option<Timestamp>) -> Result<Resealed, KeysError> {
    let mut done = Resealed::default();
    let mut tx = db.write().await?;
    let integrations = integrations::all(&mut tx).await?;
    for integration in &integrations {
        // One whose settings cannot be read is left as it is: nothing may be lost by a key.
        match &integration.settings {
            Ok(settings) => {
                integrations::reseal(&mut tx, integration.key, settings).await?;
                done.integrations += 1;
            }
            Err(_) => {
                done.unreadable.push(format!("the integration {} “{}”", integration.id, integration.name));
            }
        }
    }
    let (definitions, unreadable) = definitions::reseal(&mut tx, |id, variable| {
        let told = integrations.iter().find(|known| known.id == *id);
        let settings = told.and_then(|told| told.settings.as_ref().ok());
        Told { name: "", settings }.hides(variable)
    })
    .await?;
    done.definitions = definitions;
    done.unreadable.extend(unreadable.iter().map(|name| format!("the alert definition “{name}”")));
    tx.commit().await?;
    let mut after = MonitorKey(0);
    loop {
        let mut tx = db.write().await?;
        let slice = monitors::page(&mut tx, after, SLICE).await?;
        let full = i64::try_from(slice.len()).unwrap_or(SLICE) == SLICE;
        let mut last = after;
        for monitor in slice {
            match monitor {
                Ok(monitor) => {
                    monitors::reseal(&mut tx, &monitor).await?;
                    last = monitor.key;
                    done.monitors += 1;
                }
                Err(StoreError::Corrupt { id, .. }) => {
                    last = MonitorKey(id);
                    let emptied = match lost_at {
                        Some(_) => monitors::empty_lost(&mut tx, last).await?,
                        None => None,
                    };
                    match emptied {
                        Some((id, name)) => done.emptied.push(format!("the monitor {id} “{name}”")),
                        None => done.unreadable.push(format!("the monitor of row {id}")),
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
        tx.commit().await?;
        if !full {
            break;
        }
        after = last;
    }
    let mut after = Some(DeliveryKey(0));
    while let Some(key) = after {
        let mut tx = db.write().await?;
        let (last, unreadable) = level_values::reseal(&mut tx, key, SLICE).await?;
        if let Some(now) = lost_at {
            for row in unreadable {
                claiming::fail(&mut tx, row, LOST, now).await?;
            }
            tx.commit().await?;
            after = last;
            continue;
        }
        tx.commit().await?;
        after = last;
        done.unreadable.extend(unreadable.iter().map(|row| format!("the message of row {row}")));
    }
    // Last: until here, the old keys are needed.
    let mut tx = db.write().await?;
    put_sample(&mut tx, db).await?;
    tx.commit().await?;
    Ok(done)
}
