//! Mosquitto: MQTT 3.1.1 with quality of service 0, on plain TCP or inside WebSocket messages.

use super::{Access, Dialect, Installed, Notice, Target, Upgrade, said, version};
use crate::failure::Failure;
use crate::launch::{Place, Ready, Server};
use crate::wire::{Framing, frame, mqtt_packet, mqtt_text};
use std::fs;
use std::process::Command;

const PROGRAMS: [&str; 2] = ["mosquitto", "/usr/sbin/mosquitto"];

/// Mosquitto.
pub struct Mosquitto {
    /// Through its WebSocket listener.
    pub websocket: bool,
}

impl Target for Mosquitto {
    fn name(&self) -> &'static str {
        if self.websocket { "mosquitto" } else { "mosquitto-tcp" }
    }

    fn installed(&self) -> Installed {
        let found = PROGRAMS.map(|program| version(program, &["-h"], "apt-get install mosquitto"));
        let [first, second] = found;
        if matches!(first, Installed::Version(_)) { first } else { second }
    }

    fn start(&self, place: &Place) -> Result<Server, Failure> {
        let port = place.address.port();
        // Version 2.0.11 refuses to start with WebSocket listeners only.
        let listeners = if self.websocket {
            let other = Place::free_port()?.port();
            format!("listener {other} 127.0.0.1\nlistener {port} 127.0.0.1\nprotocol websockets\n")
        } else {
            format!("listener {port} 127.0.0.1\n")
        };
        let text = format!(
            "{listeners}allow_anonymous true\npersistence false\nlog_type error\n\
             max_queued_messages 0\nset_tcp_nodelay true\n"
        );
        let file = place.directory().join("mosquitto.conf");
        fs::write(&file, text)?;
        let on_path = Command::new(PROGRAMS[0]).arg("-h").output().is_ok();
        let mut command = Command::new(PROGRAMS[usize::from(!on_path)]);
        command.arg("-c").arg(&file);
        place.launch(self.name(), command, Ready::Listening)
    }

    fn dialect(&self, _access: &Access) -> Box<dyn Dialect> {
        Box::new(Mqtt { websocket: self.websocket })
    }
}

struct Mqtt {
    websocket: bool,
}

impl Dialect for Mqtt {
    fn upgrade(&self) -> Option<Upgrade> {
        let headers = "Sec-WebSocket-Protocol: mqtt\r\n".to_owned();
        self.websocket.then(|| Upgrade { path: "/mqtt".to_owned(), headers, opcode: frame::BINARY })
    }

    fn framing(&self) -> Framing {
        Framing::Mqtt
    }

    fn channel(&self, index: usize) -> String {
        format!("room/{index}")
    }

    fn greeting(&self, connection: usize) -> Option<Vec<u8>> {
        // Protocol level 4, a clean session, no keep-alive.
        let name = format!("loadtest-{}-{connection}", std::process::id());
        let body = [mqtt_text("MQTT"), vec![4, 2, 0, 0], mqtt_text(&name)].concat();
        Some(mqtt_packet(0x10, &body))
    }

    fn subscribe(&self, channel: &str) -> Vec<u8> {
        mqtt_packet(0x82, &[vec![0, 1], mqtt_text(channel), vec![0]].concat())
    }

    fn unsubscribe(&self, channel: &str) -> Vec<u8> {
        mqtt_packet(0xA2, &[vec![0, 2], mqtt_text(channel)].concat())
    }

    fn publish(&self, channel: &str, stamp: &str) -> Vec<u8> {
        mqtt_packet(0x30, &[mqtt_text(channel), stamp.as_bytes().to_vec()].concat())
    }

    fn read(&self, unit: &[u8]) -> Notice {
        match unit {
            // CONNACK that accepts, SUBACK that grants, UNSUBACK.
            [0x20, _, _, 0] | [0x90, _, _, _, 0] | [0xB0, ..] => Notice::Done,
            [0x20, _, _, code] => Notice::Error(format!("CONNACK refuses with code {code}")),
            [0x90, ..] => Notice::Error("SUBACK refuses".to_owned()),
            _ => said(unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_and_answers() {
        let mqtt = Mqtt { websocket: true };
        assert_eq!(mqtt.publish("a", "{}"), [0x30, 5, 0, 1, b'a', b'{', b'}']);
        assert_eq!(mqtt.subscribe("a"), [0x82, 6, 0, 1, 0, 1, b'a', 0]);
        assert_eq!(mqtt.read(&[0x20, 2, 0, 0]), Notice::Done);
        assert!(matches!(mqtt.read(&[0x20, 2, 0, 5]), Notice::Error(_)));
        assert_eq!(mqtt.read(&[0x90, 3, 0, 1, 0]), Notice::Done);
        assert!(matches!(mqtt.read(&[0x90, 3, 0, 1, 0x80]), Notice::Error(_)));
    }
}
