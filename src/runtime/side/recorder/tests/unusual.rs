//! People whose programs do what few do.

use super::file::read;
use super::*;

#[test]
fn of_two_pictures_of_one_person_one_is_recorded_and_the_other_when_that_ends() {
    let mut bench = Bench::new(0);
    let mut ada = Person::new(bench.now, "ada", 1_001, 440.0);
    ada.has_screen = true;
    let came = RecorderWord::Came { recording: "rec_1".into(), user: "ada".into() };
    bench.engine.hear(bench.now, came);
    let offer = ada.offer();
    bench.people.push(ada);
    bench.tell("ada".into(), SignalKind::Offer, &offer);
    bench.do_wishes();
    bench.run(10_000);
    // Only the screen goes on.
    bench.people[0].mids.remove("picture");
    bench.run(10_000);
    assert!(bench.engine.close(bench.now, "rec_1"));
    bench.do_wishes();
    let (tracks, frames) = read(&bench.file);
    let at = tracks.iter().position(|(_, codec)| codec == "V_VP8").expect("a picture");
    let lengths: Vec<usize> = frames[at].iter().map(|(_, data)| data.len()).collect();
    let changes = lengths.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(changes <= 1, "one after the other, not {changes} times in turn");
    assert!(lengths.len() > 300 && lengths.last() == Some(&2_000), "{} pictures", lengths.len());
}

#[test]
fn who_sends_from_the_address_of_another_takes_nothing_away_from_it() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, true);
    bench.come("bob", 1_002, 1_000.0, true);
    let ada = bench.people[0].address;
    bench.run(3_000);
    for _ in 0..2_000 {
        bench.run(5);
        let from_bob = bench.under_way.values().find(|(from, to, datagram)| {
            *from != ada && *to == address(RECORDER) && words::ufrag_of(datagram).is_some()
        });
        // A check of bob's, as if ada had sent it.
        if let Some((.., datagram)) = from_bob.cloned() {
            bench.engine.receive(bench.now, ada, address(RECORDER), &datagram);
            bench.do_wishes();
        }
    }
    assert!(bench.engine.close(bench.now, "rec_1"));
    bench.do_wishes();
    bench.people.truncate(1);
    check(&bench, 85);
}

#[test]
fn whose_answer_does_not_fit_is_offered_another_session() {
    let mut bench = Bench::new(0);
    let came = RecorderWord::Came { recording: "rec_1".into(), user: "ada".into() };
    bench.engine.hear(bench.now, came);
    bench.run(1_000);
    assert_eq!(bench.offers, 1);
    bench.tell("ada".into(), SignalKind::Answer, "v=0");
    bench.run(1_000);
    assert_eq!(bench.offers, 2);
}

#[test]
fn words_and_datagrams_that_make_no_sense_harm_nobody() {
    let mut bench = Bench::new(0);
    bench.come("ada", 1_001, 440.0, true);
    bench.run(1_000);
    for sdp in
        ["", "v=0", "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", &"a=candidate:1 ".repeat(4_000)]
    {
        for kind in [SignalKind::Offer, SignalKind::Answer, SignalKind::Candidate] {
            bench.tell("eve".into(), kind, sdp);
            bench.tell("ada".into(), SignalKind::Answer, sdp);
        }
    }
    let strangers = bench.engine.counts().strangers;
    for number in 0..2_000_u64 {
        let mut datagram = vec![0, 1, 0, 16, 0x21, 0x12, 0xA4, 0x42];
        datagram.resize(20, number as u8);
        datagram.extend([0, 6, 0, 5]);
        datagram.extend(*b"ab:cd\0\0\0");
        let random: Vec<u8> = (0..number as usize % 200).map(|_| bench.random() as u8).collect();
        let from = SocketAddr::from(([198, 51, 100, 1], 1 + number as u16));
        bench.engine.receive(bench.now, from, address(RECORDER), &datagram);
        bench.engine.receive(bench.now, from, address(RECORDER), &random);
        // As if it came from somebody who is there.
        bench.engine.receive(bench.now, address("192.0.2.9:1001"), address(RECORDER), &random);
    }
    assert!(bench.engine.counts().strangers - strangers >= 4_000);
    bench.do_wishes();
    bench.run(2_000);
    assert!(bench.engine.close(bench.now, "rec_1"));
    assert!(!bench.engine.close(bench.now, "rec_1"), "it is over once");
    bench.do_wishes();
    check(&bench, 60);
}
