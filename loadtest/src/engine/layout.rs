//! Who subscribes to what and who publishes where: clients are dealt to channels round-robin, so client `c` is on
//! channel `c mod channels`; connections that only publish come after the clients.

use super::publish::{NOBODY, Publisher};
use crate::scenario::{Publishers, Scenario};
use crate::target::Target;
use crate::wire::stamp::Stamp;

/// The arithmetic of a scenario.
pub struct Layout {
    clients: usize,
    channels: usize,
    publishers: Publishers,
    /// Connections, those that only publish included.
    pub connections: usize,
    /// First cell of each client in the oracle's table; a client has one for each publisher of its channel.
    first_cells: Vec<u32>,
    /// Cells in all.
    pub cells: usize,
}

impl Layout {
    /// The layout of `scenario`.
    pub fn new(scenario: &Scenario) -> Layout {
        let mut layout = Layout {
            clients: scenario.clients,
            channels: scenario.channels,
            publishers: scenario.publishers,
            connections: scenario.clients + scenario.extra_connections(),
            first_cells: Vec::with_capacity(scenario.clients),
            cells: 0,
        };
        for client in 0..layout.clients {
            layout.first_cells.push(layout.cells as u32);
            layout.cells += match layout.publishers {
                Publishers::Nobody => 0,
                Publishers::Server | Publishers::OnePerChannel => 1,
                Publishers::Everyone => layout.subscribers(layout.channel(client)),
            };
        }
        layout
    }

    /// The channel that a client subscribes to; a connection that only publishes subscribes to none.
    pub fn subscription(&self, connection: usize) -> Option<usize> {
        (connection < self.clients).then(|| self.channel(connection))
    }

    /// The channel of a connection.
    pub fn channel(&self, connection: usize) -> usize {
        connection % self.channels
    }

    /// The number of subscribers of a channel.
    pub fn subscribers(&self, channel: usize) -> usize {
        (self.clients + self.channels - 1 - channel) / self.channels
    }

    /// The clients subscribed to a channel.
    pub fn subscribers_of(&self, channel: usize) -> impl Iterator<Item = usize> {
        (channel..self.clients).step_by(self.channels)
    }

    /// A client's first cell.
    pub fn first_cell(&self, client: usize) -> usize {
        self.first_cells.get(client).map_or(usize::MAX / 2, |&cell| cell as usize)
    }

    /// Everyone who publishes; the index is the stream.
    pub fn publishers(&self, scenario: &Scenario, target: &dyn Target) -> Vec<Publisher> {
        let make = |stream: usize, connection, channel, rank, pacemaker| {
            let stamp = Stamp::template(stream as u32, scenario.payload_bytes);
            let message = target.publish(&target.channel(channel), &String::from_utf8_lossy(&stamp));
            Publisher::new(connection, channel, rank, pacemaker, message)
        };
        // The middle one: the window is then neither of the first served nor of the last.
        let middle =
            |channel| self.subscribers_of(channel).nth(self.subscribers(channel) / 2).unwrap_or(channel);
        match self.publishers {
            Publishers::Nobody => Vec::new(),
            Publishers::Server => {
                (0..self.channels).map(|channel| make(channel, NOBODY, channel, 0, NOBODY)).collect()
            }
            Publishers::OnePerChannel => (0..self.channels)
                .map(|channel| make(channel, self.clients + channel, channel, 0, middle(channel)))
                .collect(),
            Publishers::Everyone => (0..self.clients)
                .map(|client| make(client, client, self.channel(client), client / self.channels, client))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Overrides;
    use crate::target::Corecast;

    #[test]
    fn every_publisher_of_a_channel_has_a_cell_of_its_own_at_every_subscriber() {
        for (name, clients, channels) in [("chat-saturated", 23, 5), ("fanout", 10, 1), ("fanout", 10, 3)] {
            let changes =
                Overrides { clients: Some(clients), channels: Some(channels), ..Overrides::default() };
            let scenario = Scenario::named(name).unwrap().with(&changes).unwrap();
            let layout = Layout::new(&scenario);
            let mut taken = vec![false; layout.cells];
            for publisher in layout.publishers(&scenario, &Corecast { key: None }) {
                let subscribers: Vec<usize> = layout.subscribers_of(publisher.channel).collect();
                assert_eq!(subscribers.len(), layout.subscribers(publisher.channel));
                assert!(subscribers.contains(&publisher.pacemaker));
                for subscriber in subscribers {
                    assert_eq!(layout.subscription(subscriber), Some(publisher.channel));
                    let cell = layout.first_cell(subscriber) + publisher.rank;
                    assert!(!std::mem::replace(&mut taken[cell], true), "cell {cell} twice");
                }
            }
            assert!(taken.iter().all(|&taken| taken));
        }
    }
}
