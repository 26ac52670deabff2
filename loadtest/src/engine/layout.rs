//! Who subscribes to what, who publishes where, and which worker has whom. Clients are dealt to channels round-robin,
//! so client `c` is on channel `c mod channels`; connections that only publish come after the clients (and subscribe
//! where the server demands that of publishers), management connections last. A worker has every client `c` with
//! `c mod workers` its own number, each connection that only publishes is where its pacemaker is, so that a window
//! needs no word between workers.

use crate::scenario::{Publishers, Scenario};

/// The arithmetic of a scenario.
pub struct Layout {
    clients: usize,
    channels: usize,
    publishers: Publishers,
    publishers_join: bool,
    management: usize,
    workers: usize,
}

/// What a connection is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It subscribes to this channel.
    Client(usize),
    /// It only publishes.
    Publisher,
    /// It makes management calls.
    Management,
}

/// One stream of messages: a publisher on a channel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    /// The connection that sends.
    pub connection: usize,
    /// Its channel.
    pub channel: usize,
    /// Its place among the publishers of its channel.
    pub rank: usize,
    /// The client whose receipt makes room in the window.
    pub pacemaker: usize,
}

impl Layout {
    /// The layout of `scenario` over `workers`. `publishers_join`: connections that only publish subscribe all the
    /// same, for the server demands it, and hear themselves.
    pub fn new(scenario: &Scenario, workers: usize, publishers_join: bool) -> Layout {
        Layout {
            clients: scenario.clients,
            channels: scenario.channels(),
            publishers: scenario.publishers,
            publishers_join,
            management: scenario.management.map_or(0, |management| management.connections),
            workers,
        }
    }

    /// Connections of all kinds.
    fn connections(&self) -> usize {
        let extra = if self.publishers == Publishers::Channel { self.channels } else { 0 };
        self.clients + extra + self.management
    }

    /// What a connection is for.
    pub fn role(&self, connection: usize) -> Role {
        if connection < self.clients {
            Role::Client(connection % self.channels)
        } else if !self.only_publishes(connection) {
            Role::Management
        } else if self.publishers_join {
            Role::Client(connection - self.clients)
        } else {
            Role::Publisher
        }
    }

    fn only_publishes(&self, connection: usize) -> bool {
        (self.clients..self.connections() - self.management).contains(&connection)
    }

    /// The connections of a worker, in the order in which they are opened.
    pub fn of_worker(&self, worker: usize) -> Vec<usize> {
        (0..self.connections()).filter(|&connection| self.worker(connection) == worker).collect()
    }

    fn worker(&self, connection: usize) -> usize {
        match self.role(connection) {
            _ if self.only_publishes(connection) => self.middle(connection - self.clients) % self.workers,
            Role::Management => 0,
            _ => connection % self.workers,
        }
    }

    /// The number of subscribers of a channel.
    pub fn subscribers(&self, channel: usize) -> usize {
        (self.clients + self.channels - 1 - channel) / self.channels
    }

    /// The number of publishers of a channel: so many cells has each of its subscribers.
    pub fn cells(&self, channel: usize) -> usize {
        match self.publishers {
            Publishers::Nobody => 0,
            Publishers::Channel => 1,
            Publishers::Everyone => self.subscribers(channel),
        }
    }

    /// The middle subscriber: a window is then neither of the first served nor of the last.
    fn middle(&self, channel: usize) -> usize {
        channel + self.subscribers(channel) / 2 * self.channels
    }

    /// Every stream.
    pub fn streams(&self) -> Vec<Stream> {
        match self.publishers {
            Publishers::Nobody => Vec::new(),
            Publishers::Channel => (0..self.channels)
                .map(|channel| Stream {
                    connection: self.clients + channel,
                    channel,
                    rank: 0,
                    pacemaker: self.middle(channel),
                })
                .collect(),
            Publishers::Everyone => (0..self.clients)
                .map(|client| Stream {
                    connection: client,
                    channel: client % self.channels,
                    rank: client / self.channels,
                    pacemaker: client,
                })
                .collect(),
        }
    }

    /// The stream of this rank on this channel.
    pub fn stream(&self, channel: usize, rank: usize) -> usize {
        match self.publishers {
            Publishers::Everyone => rank * self.channels + channel,
            Publishers::Channel | Publishers::Nobody => channel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(name: &str, clients: usize, channels: usize, workers: usize) -> Layout {
        let changes = [format!("clients={clients}"), format!("channels={channels}")];
        Layout::new(&Scenario::load(name, &changes).unwrap(), workers, false)
    }

    #[test]
    fn streams_and_ranks_agree_and_every_pacemaker_hears_its_channel() {
        for (name, clients, channels) in [("chat", 23, 5), ("fanout", 10, 1), ("fanout", 10, 3)] {
            let layout = layout(name, clients, channels, 2);
            let mut publishers = vec![0; channels];
            for (index, stream) in layout.streams().into_iter().enumerate() {
                assert_eq!(layout.stream(stream.channel, stream.rank), index);
                assert_eq!(layout.role(stream.pacemaker), Role::Client(stream.channel));
                assert_eq!(layout.worker(stream.pacemaker), layout.worker(stream.connection));
                publishers[stream.channel] += 1;
            }
            for (channel, count) in publishers.into_iter().enumerate() {
                assert_eq!(count, layout.cells(channel));
            }
        }
    }

    #[test]
    fn a_publisher_that_must_join_is_a_client_of_its_channel_where_its_pacemaker_is() {
        let joining = Layout { publishers_join: true, ..layout("fanout", 11, 3, 2) };
        for stream in joining.streams() {
            assert_eq!(joining.role(stream.connection), Role::Client(stream.channel));
            assert_eq!(joining.worker(stream.pacemaker), joining.worker(stream.connection));
        }
        assert_eq!(layout("fanout", 11, 3, 2).role(11), Role::Publisher);
    }

    #[test]
    fn every_connection_is_some_workers() {
        let layout = layout("rest-mix", 23, 5, 3);
        let mut all: Vec<usize> = (0..3).flat_map(|worker| layout.of_worker(worker)).collect();
        all.sort_unstable();
        assert_eq!(all, (0..23 + 5 + 4).collect::<Vec<_>>());
        assert_eq!(layout.role(28), Role::Management);
    }
}
