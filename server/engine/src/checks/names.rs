//! Who says which addresses a name has: an argument like the clock, so that a test can say it.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::lookup_host;

/// Answers for a name, in the place of the system's resolver.
type Answering = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Where the addresses of names come from.
#[derive(Clone, Default)]
pub enum Names {
    /// The system's resolver, hosts file included.
    #[default]
    System,
    /// Somebody else: for tests only.
    Told(Arc<Answering>),
}

impl Names {
    /// Names as `answer` tells them.
    pub fn told(answer: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self::Told(Arc::new(answer))
    }

    /// The addresses of a name, none of them judged.
    ///
    /// # Errors
    /// What the resolver says.
    pub(crate) async fn look_up(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect()),
            Self::Told(answer) => answer(name),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Told(_) => "Told",
        })
    }
}
