//! What threads of the runtime share, for [loom](https://docs.rs/loom): the very files of `src/runtime`, over atomics whose
//! every order loom tries. Only the two bells are models: a thread that sleeps in the kernel is one that parks.

#[path = "../../src/base/ids.rs"]
pub mod ids;
#[path = "../../src/runtime/core/mesh.rs"]
pub mod mesh;
#[path = "../../src/runtime/side/port.rs"]
pub mod port;
#[path = "../../src/runtime/sleeper.rs"]
pub mod sleeper;
pub mod sync;

pub mod bells;

/// The names by which those files know each other.
pub mod base {
    pub use crate::ids;
}
pub mod runtime {
    pub use crate::{sleeper, sync};
    pub mod core {
        pub use crate::bells as doorbell;
    }
    pub mod side {
        pub use crate::bells as bell;
    }
}
