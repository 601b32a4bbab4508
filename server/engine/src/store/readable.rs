//! JSON of which one row that cannot be read must not take the others with it.

use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::types::Json;
use sqlx::{Database, Decode, Type};

/// A value from a column of JSON; `None` when it makes no sense.
#[derive(Clone, Debug)]
pub(super) struct Readable<T>(pub(super) Option<T>);

impl<T, DB: Database> Type<DB> for Readable<T>
where
    Json<T>: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        Json::<T>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        Json::<T>::compatible(info)
    }
}

impl<'r, T: DeserializeOwned, DB: Database> Decode<'r, DB> for Readable<T>
where
    Json<T>: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Json::<T>::decode(value).ok().map(|json| json.0)))
    }
}
