//! The thread. It hears what the cores want called, and each call goes on by itself until it has its answer or its time is
//! over.

use super::client::client;
use super::vapid::Authorizations;
use super::{OutboundSettings, push};
use crate::base::ids::CoreId;
use crate::model::web_push::Called;
use crate::runtime::abort::AbortOnPanic;
use crate::runtime::clock;
use crate::runtime::error::RuntimeError;
use crate::runtime::log;
use crate::runtime::reload::Reloads;
use crate::runtime::side::effects::EffectDesk;
use crate::runtime::side::priority::step_back;
use crate::shard::{Effect, EffectId, Failure, Resolution};
use reqwest::Client;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::JoinHandle;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

/// Starts the thread. It ends when every core has gone; calls that have no answer then are given up.
///
/// # Errors
/// The thread or its runtime could not be made.
pub fn start(
    desk: EffectDesk,
    settings: OutboundSettings,
    reloads: Reloads,
) -> Result<JoinHandle<()>, RuntimeError> {
    let process =
        |source| RuntimeError::Process { what: "start the thread that calls servers outside", source };
    let runtime = Builder::new_current_thread()
        .enable_all()
        // Looking a name up takes a thread of its own for as long as it takes.
        .max_blocking_threads(settings.in_flight_max.clamp(1, 64) as usize)
        .thread_name("resolver")
        .build()
        .map_err(process)?;
    let run = move || {
        let _guard = AbortOnPanic;
        step_back();
        let thread = Thread {
            desk: Rc::new(desk),
            settings,
            reloads,
            client: None,
            has_failed: false,
            authorizations: Authorizations::default(),
        };
        run(runtime, thread);
    };
    std::thread::Builder::new().name("outbound".into()).spawn(run).map_err(process)
}

fn run(runtime: Runtime, thread: Thread) {
    LocalSet::new().block_on(&runtime, thread.serve());
    // Names that are being looked up are waited for by nobody.
    runtime.shutdown_background();
}

struct Thread {
    desk: Rc<EffectDesk>,
    settings: OutboundSettings,
    reloads: Reloads,
    /// Made for the first call: a node that calls nobody needs none.
    client: Option<Client>,
    /// It could not be made, which was said.
    has_failed: bool,
    authorizations: Authorizations,
}

/// Wakes the thread's own loop.
struct Rung(Notify);

impl Wake for Rung {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

impl Thread {
    async fn serve(mut self) {
        let rung = Arc::new(Rung(Notify::new()));
        self.desk.wake_by(Waker::from(rung.clone()));
        loop {
            while let Some((core, (id, effect))) = self.desk.hear() {
                self.begin(core, id, effect);
            }
            if self.desk.closed() && !self.desk.ready() {
                return;
            }
            if self.desk.doze() {
                rung.0.notified().await;
                self.desk.awake();
            }
        }
    }

    fn begin(&mut self, core: CoreId, id: EffectId, effect: Effect) {
        if let Some(settings) = self.reloads.take_outbound() {
            self.take_over(settings);
        }
        // A core asks for no more than it can hear the end of, so nobody waits for room.
        let desk = self.desk.clone();
        let tell = move |resolution| desk.tell(core.index(), (id, resolution));
        match (effect, self.client()) {
            (Effect::Push(delivery), Some(client)) => {
                let unix_s = clock::now().unix_s();
                let request =
                    push::request(&client, &self.settings, &mut self.authorizations, &delivery, unix_s);
                spawn_local(async move { tell(Resolution::Called(push::call(client, request).await)) });
            }
            (Effect::Push(_), None) => tell(Resolution::Called(Called::Unanswered)),
            // Not what is asked of this thread.
            _ => tell(Resolution::Failed(Failure::Broken)),
        }
    }

    /// Calls that are under way go on as they began.
    fn take_over(&mut self, settings: OutboundSettings) {
        self.settings = settings;
        self.client = None;
        self.has_failed = false;
        self.authorizations = Authorizations::default();
    }

    fn client(&mut self) -> Option<Client> {
        if self.client.is_none() && !self.has_failed {
            match client(&self.settings) {
                Ok(client) => self.client = Some(client),
                Err(error) => {
                    self.has_failed = true;
                    log::error!("nobody outside can be called until the next start or reload: {error}");
                }
            }
        }
        self.client.clone()
    }
}
