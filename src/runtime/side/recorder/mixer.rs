//! All voices of a call as one: decoded, put where they were said, added, encoded.

use opus_pure::{Application, OpusDecoder, OpusEncoder};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Samples in a second. Opus decodes to this whatever it was made at.
const RATE_HZ: u64 = 48_000;

/// Samples of a packet of the mix: 20 ms.
const FRAME: usize = 960;

/// Samples of the longest packet: 120 ms.
const PACKET_SAMPLES_MAX: usize = 5_760;

/// Samples by which a voice may be off where it should be and still goes on where it was: less is how clocks are put right,
/// and a cut for each would be heard.
const ON_TIME: u64 = 1_440;

/// Samples that may wait to be taken: ten seconds. What is to come later still is no voice.
const WAITING_MAX: u64 = 10 * RATE_HZ;

/// Bits in a second of the mix.
const BITRATE: i32 = 48_000;

/// Bytes of a packet of the mix at most.
const PACKET_BYTES_MAX: usize = 1_500;

/// Voices on their way to one track.
pub struct Mixer {
    encoder: OpusEncoder,
    voices: BTreeMap<u64, Voice>,
    /// The mix from `from` on.
    samples: VecDeque<f32>,
    /// Which sample of the recording is next.
    from: u64,
    decoded: Box<[f32]>,
}

struct Voice {
    decoder: OpusDecoder,
    /// The sample after its last.
    next: u64,
}

/// A packet of the mix.
#[derive(PartialEq, Debug)]
pub struct Mixed {
    /// Milliseconds since the recording began.
    pub time_ms: u64,
    /// Opus.
    pub packet: Vec<u8>,
}

impl Mixer {
    /// A mix that begins at this moment of the recording; `None` if there is no encoder.
    pub fn new(from_us: u64) -> Option<Self> {
        let mut encoder = OpusEncoder::new(RATE_HZ as i32, 1, Application::Audio).ok()?;
        encoder.bitrate_bps = BITRATE;
        encoder.complexity = 5;
        Some(Self {
            encoder,
            voices: BTreeMap::new(),
            samples: VecDeque::new(),
            from: from_us / 20_000 * FRAME as u64,
            decoded: vec![0.0; PACKET_SAMPLES_MAX].into(),
        })
    }

    /// Samples by which its encoder is late.
    pub fn pre_skip(&self) -> u16 {
        self.encoder.lookahead() as u16
    }

    /// A voice says a packet at this moment. A packet that is none is left out.
    pub fn say(&mut self, voice: u64, time_us: u64, packet: &[u8]) {
        let at = time_us * RATE_HZ / 1_000_000;
        if packet.is_empty() || at > self.from + WAITING_MAX {
            return;
        }
        let Voice { decoder, next } = match self.voices.entry(voice) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let Ok(decoder) = OpusDecoder::new(RATE_HZ as i32, 1) else { return };
                place.insert(Voice { decoder, next: at })
            }
        };
        let decoded = &mut self.decoded;
        // A packet is a stranger's. Whatever it does to the decoder, the decoder is made anew and nothing else is harmed.
        let length = catch_unwind(AssertUnwindSafe(|| decoder.decode(packet, PACKET_SAMPLES_MAX, decoded)));
        let length = match length {
            Ok(Ok(length)) => length.min(PACKET_SAMPLES_MAX),
            Ok(Err(_)) => return,
            Err(_) => {
                self.voices.remove(&voice);
                return;
            }
        };
        let start = if at.abs_diff(*next) <= ON_TIME { *next } else { at };
        *next = start + length as u64;
        for (sample, at) in self.decoded[..length].iter().zip(start..) {
            let Some(place) = at.checked_sub(self.from) else { continue };
            let place = place as usize;
            if place >= self.samples.len() {
                self.samples.resize(place + 1, 0.0);
            }
            if sample.is_finite() {
                self.samples[place] += sample;
            }
        }
    }

    /// The mix up to this moment, which nothing is added to after that.
    pub fn take(&mut self, until_us: u64) -> Vec<Mixed> {
        let until = until_us * RATE_HZ / 1_000_000;
        let (mut taken, mut frame) = (Vec::new(), [0.0; FRAME]);
        while self.from + FRAME as u64 <= until {
            for sample in &mut frame {
                *sample = soften(self.samples.pop_front().unwrap_or(0.0));
            }
            let mut packet = vec![0; PACKET_BYTES_MAX];
            let time_ms = self.from * 1_000 / RATE_HZ;
            self.from += FRAME as u64;
            if let Ok(length) = self.encoder.encode(&frame, FRAME, &mut packet) {
                packet.truncate(length);
                taken.push(Mixed { time_ms, packet });
            }
        }
        taken
    }
}

/// Loudness from which several voices at once are pressed together, so that none is cut off at the top.
const KNEE: f32 = 0.8;

fn soften(sample: f32) -> f32 {
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    (KNEE + (1.0 - KNEE) * (over / (1.0 - KNEE)).tanh()).copysign(sample)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    /// Packets of 20 ms of a tone.
    fn tone(hz: f32, loudness: f32, packets: usize) -> Vec<Vec<u8>> {
        let mut encoder = OpusEncoder::new(48_000, 1, Application::Audio).expect("an encoder");
        let sample = |at: usize| (at as f32 * hz * TAU / 48_000.0).sin() * loudness;
        let packet = |number: usize| {
            let samples: Vec<f32> = (0..FRAME).map(|at| sample(number * FRAME + at)).collect();
            let mut packet = vec![0; 1_500];
            let length = encoder.encode(&samples, FRAME, &mut packet).expect("encodes");
            packet[..length].to_vec()
        };
        (0..packets).map(packet).collect()
    }

    fn heard(mixed: &[Mixed]) -> Vec<f32> {
        let mut decoder = OpusDecoder::new(48_000, 1).expect("a decoder");
        let decode = |one: &Mixed| {
            let mut samples = vec![0.0; FRAME];
            assert_eq!(decoder.decode(&one.packet, FRAME, &mut samples).expect("decodes"), FRAME);
            samples
        };
        mixed.iter().map(decode).collect::<Vec<_>>().concat()
    }

    /// How loud a tone is in samples.
    fn loudness(samples: &[f32], hz: f32) -> f32 {
        let (mut sine, mut cosine) = (0.0, 0.0);
        for (at, sample) in samples.iter().enumerate() {
            let angle = at as f32 * hz * TAU / 48_000.0;
            sine += sample * angle.sin();
            cosine += sample * angle.cos();
        }
        2.0 * (sine.powi(2) + cosine.powi(2)).sqrt() / samples.len() as f32
    }

    #[test]
    fn both_voices_are_in_the_mix_each_where_it_was_said() {
        let mut mixer = Mixer::new(0).expect("a mixer");
        for (number, packet) in tone(440.0, 0.3, 50).iter().enumerate() {
            mixer.say(1, number as u64 * 20_000, packet);
        }
        for (number, packet) in tone(1_000.0, 0.3, 50).iter().enumerate() {
            // Half a second later, and a little off each time.
            mixer.say(2, 500_000 + number as u64 * 20_000 + number as u64 % 5 * 1_000, packet);
        }
        let mixed = mixer.take(1_500_000);
        assert_eq!((mixed.len(), mixed[0].time_ms, mixed[74].time_ms), (75, 0, 1_480));
        let samples = heard(&mixed);
        let in_ms = |from: usize, to: usize, hz| loudness(&samples[from * 48..to * 48], hz);
        assert!(in_ms(100, 400, 440.0) > 0.25 && in_ms(100, 400, 1_000.0) < 0.02);
        assert!(in_ms(600, 900, 440.0) > 0.25 && in_ms(600, 900, 1_000.0) > 0.25);
        assert!(in_ms(1_100, 1_400, 440.0) < 0.02 && in_ms(1_100, 1_400, 1_000.0) > 0.25);
    }

    #[test]
    fn many_loud_voices_are_not_cut_off() {
        let mut mixer = Mixer::new(0).expect("a mixer");
        for voice in 0..3 {
            for (number, packet) in tone(300.0, 0.9, 25).iter().enumerate() {
                mixer.say(voice, number as u64 * 20_000, packet);
            }
        }
        let samples = heard(&mixer.take(500_000));
        let loudest = samples.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()));
        assert!((0.8..1.1).contains(&loudest), "{loudest}");
        assert_eq!(soften(0.5), 0.5);
        assert!(soften(-3.0) >= -1.0 && soften(-3.0) < -0.99);
    }

    #[test]
    fn packets_that_are_none_are_left_out() {
        let mut mixer = Mixer::new(2_000_000).expect("a mixer");
        mixer.say(1, 2_000_000, &[]);
        mixer.say(1, 2_000_000, &[0xFF; 3]);
        mixer.say(1, 0, &tone(440.0, 0.5, 1)[0]);
        mixer.say(1, u64::MAX / 100_000, &tone(440.0, 0.5, 1)[0]);
        assert!(mixer.samples.len() < PACKET_SAMPLES_MAX);
        assert_eq!(mixer.take(2_100_000).len(), 5);
    }
}
