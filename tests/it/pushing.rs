//! Web Push against push services that are late, fail, forget and come back, under a disk that stalls and processes that are
//! killed, in many seeded runs: no message is lost, and none is accepted twice but where a kill came between the answer and
//! the disk.

use crate::disk::Mood;
use crate::push_service::Manners;
use crate::settings::Settings;
use crate::wire::read_response;
use crate::world::{Manner, World};
use corecast::model::web_push::Called;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const KEYS: &str = r#""keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg"}"#;
const SEEDS: u64 = 20;
const ENDPOINTS: u64 = 8;

/// A sequence of numbers that a seed decides (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn endpoint(number: u64) -> String {
    format!("https://push-{}.example/{number}", number % 3)
}

/// Asks on a connection of its own, and says the status of the answer; `None` while there is none.
fn ask(world: &mut World, name: &str, body: &str) -> Option<u16> {
    let socket = world.connect(0, HOME)?;
    let length = body.len();
    let head = format!(
        "POST /skapi/api/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: rc_admin\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    world.send(socket, head.as_bytes());
    world.settle();
    read_response(&world.sockets[socket].output, false).map(|(response, _)| response.status)
}

fn status(status: u16, retry_after_s: Option<u32>) -> Manners {
    Manners::Answers(Called::Answered { status, retry_after_s })
}

fn some_manners(numbers: &mut Numbers, may_forget: bool) -> Manners {
    match numbers.below(8) {
        0 => status(500, None),
        1 => status(429, Some(numbers.below(20) as u32)),
        2 => Manners::Answers(Called::Unanswered),
        3 => Manners::Hangs,
        4 if may_forget => status(410, None),
        _ => status(201, None),
    }
}

fn run(seed: u64) {
    let mut numbers = Numbers(seed);
    let mut settings = Settings::default();
    settings.limits.push.in_flight_max = 1 + numbers.below(20) as u32;
    let setup = settings.setup(1 + numbers.below(3) as u16);
    let mut world = World::new(&setup, Manner::default());
    for number in 0..ENDPOINTS {
        let body = format!(r#"{{"endpoint":"{}",{KEYS}}}"#, endpoint(number));
        assert_eq!(ask(&mut world, "store-subscription", &body), Some(200), "seed {seed}");
    }
    // Those that are told of every message are never forgotten.
    let (mut gone, mut sent, mut stalled_kills) = (BTreeSet::new(), Vec::new(), 0u64);
    for step in 0..60 {
        match numbers.below(10) {
            0..=3 => {
                let body = format!(r#"{{"title":"{step}","body":""}}"#);
                // What is not answered may be sent, and need not.
                if ask(&mut world, "push-notification", &body) == Some(200) {
                    sent.push(body);
                }
            }
            4..=6 => {
                let number = numbers.below(ENDPOINTS);
                let manners = some_manners(&mut numbers, number == 0);
                // Whoever has forgotten a subscription does not remember it.
                if !gone.contains(&endpoint(number)) {
                    world.push_services.behave(&endpoint(number), manners);
                    world.settle();
                }
                if manners == status(410, None) {
                    gone.insert(endpoint(number));
                }
            }
            7 => world.advance(numbers.below(20_000_000)),
            8 => {
                let moods = [Mood::Well, Mood::Well, Mood::Stalled];
                world.disk.mood = moods[numbers.below(3) as usize];
                world.settle();
            }
            _ => {
                stalled_kills += u64::from(world.disk.mood == Mood::Stalled);
                world.restart(&setup);
                world.disk.mood = Mood::Well;
                world.settle();
            }
        }
    }
    world.disk.mood = Mood::Well;
    for number in 0..ENDPOINTS {
        if !gone.contains(&endpoint(number)) {
            world.push_services.behave(&endpoint(number), status(201, None));
        }
    }
    world.settle();
    // Longer than any pause.
    world.advance(3 * 3_600_000_000);
    let mut accepted: BTreeMap<(String, String), u64> = BTreeMap::new();
    for call in world.push_services.accepted.drain(..) {
        *accepted.entry(call).or_default() += 1;
    }
    for number in (0..ENDPOINTS).map(endpoint).filter(|endpoint| !gone.contains(endpoint)) {
        for message in &sent {
            let count = accepted.get(&(number.clone(), message.clone())).copied().unwrap_or_default();
            assert!(count >= 1, "seed {seed}: {message} never came to {number}");
            assert!(count <= 1 + stalled_kills, "seed {seed}: {message} came {count} times to {number}");
        }
    }
}

#[test]
fn no_message_is_lost_and_none_is_accepted_twice_without_a_kill_before_the_disk() {
    (0..SEEDS).for_each(run);
}
