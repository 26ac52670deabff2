//! Floor 2: the broker itself. `home` is what one core decides: `order` for its channels, `rooms`, `meetings`, `groups` and
//! `users` for what stands beside them, all under the `rules`. `fanout` is what the connections of this core hear, and
//! `pacing` what waits on the way there.
//! What is about people who meet (`calls`, `huddles`, `circles`, `persons`, `devices`, `recordings`) stands each for
//! itself, and says what is `told` to whom. `accounts` say what stored records take, and whose they are. `web_push` is whoever is sent messages while not connected.

mod accounts;
pub mod calls;
pub mod circles;
pub mod devices;
pub mod fanout;
pub mod groups;
pub mod home;
pub mod huddles;
pub mod meetings;
pub mod order;
pub mod pacing;
pub mod persons;
pub mod recordings;
pub mod relay;
pub mod rooms;
pub mod rules;
pub mod told;
pub mod users;
pub mod web_push;
