//! The files are read back by code that shares nothing with the writer: checksums bit by bit, messages by hand.

use super::EventFile;

/// CRC-32C (polynomial 0x1EDC6F41, reflected), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}

/// A checksum as the file has it, with its mask taken away.
fn unmasked(bytes: &[u8]) -> u32 {
    let masked = u32::from_le_bytes(bytes.try_into().unwrap()).wrapping_sub(0xa282_ead8);
    masked.rotate_left(15)
}

/// The records of a file, each with its checksums examined; what follows the last whole one is left out.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(12) {
        assert_eq!(unmasked(&head[8..]), crc(&head[..8]), "the checksum of a length");
        let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
        let Some((record, rest)) = rest.split_at_checked(length + 4) else { break };
        assert_eq!(unmasked(&record[length..]), crc(&record[..length]), "the checksum of a record");
        found.push(&record[..length]);
        bytes = rest;
    }
    found
}

/// A field of a message: its number and what it holds.
#[derive(Debug, PartialEq)]
enum Field<'a> {
    Varint(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0.. {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    let take = |bytes: &mut &[u8], count: usize| -> Vec<u8> {
        let (taken, rest) = bytes.split_at(count);
        *bytes = rest;
        taken.to_vec()
    };
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Varint(varint(&mut bytes)),
            1 => Field::Eight(take(&mut bytes, 8).try_into().unwrap()),
            5 => Field::Four(take(&mut bytes, 4).try_into().unwrap()),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (taken, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(taken)
            }
            kind => panic!("wire type {kind}"),
        };
        found.push((key >> 3, field));
    }
    found
}

/// Step and scalars of each event of a file.
fn scalars(bytes: &[u8]) -> Vec<(u64, Vec<(String, f32)>)> {
    let value = |bytes| match &fields(bytes)[..] {
        [(1, Field::Bytes(tag)), (2, Field::Four(number))] => {
            (String::from_utf8(tag.to_vec()).unwrap(), f32::from_le_bytes(*number))
        }
        other => panic!("no scalar: {other:?}"),
    };
    let event = |bytes| {
        let fields = fields(bytes);
        let step = fields.iter().find_map(|field| match field {
            (2, Field::Varint(step)) => Some(*step),
            _ => None,
        });
        let summary = fields.iter().find_map(|field| match field {
            (5, Field::Bytes(summary)) => Some(self::fields(summary)),
            _ => None,
        })?;
        let values = summary.iter().map(|field| match field {
            (1, Field::Bytes(bytes)) => value(bytes),
            other => panic!("no value: {other:?}"),
        });
        Some((step.unwrap_or(0), values.collect()))
    };
    records(bytes).into_iter().filter_map(event).collect()
}

fn read(file: &EventFile) -> Vec<u8> {
    std::fs::read(file.path()).unwrap()
}

#[test]
fn the_checksum_is_crc_32c() {
    // RFC 3720, appendix B.4.
    assert_eq!(crc(&[0; 32]), 0x8a91_36aa);
    assert_eq!(crc(b"123456789"), 0xe306_9283);
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 3).unwrap();
    file.scalars(3, "step", &[("loss", 2.5), ("top1", 0.0)]).unwrap();
    file.scalars(300, "step", &[("loss", f64::NAN)]).unwrap();
    let bytes = read(&file);
    let records = records(&bytes);
    assert_eq!(records.len(), 4);
    let first = fields(records[0]);
    assert!(matches!(first[0], (1, Field::Eight(time)) if f64::from_le_bytes(time) > 1.7e9), "{first:?}");
    assert_eq!(first[1], (3, Field::Bytes(b"brain.Event:2")));
    // A session that starts (1) at step 3.
    assert_eq!(fields(records[1])[1..], [(2, Field::Varint(3)), (7, Field::Bytes(&[8, 1]))]);
    let scalars = scalars(&bytes);
    assert_eq!(scalars[0], (3, vec![("step/loss".to_owned(), 2.5), ("step/top1".to_owned(), 0.0)]));
    assert!(scalars[1].0 == 300 && scalars[1].1[0].1.is_nan());
}

#[test]
fn every_session_has_a_file_behind_those_before() {
    let folder = tempfile::tempdir().unwrap();
    // The name's time is ahead of the clock.
    let ahead = folder.path().join("events.out.tfevents.9000000000.effnet");
    std::fs::write(&ahead, "what a session before wrote").unwrap();
    let files = [1, 5, 5].map(|step| EventFile::create(folder.path(), step).unwrap().path().to_path_buf());
    assert!(ahead < files[0] && files[0] < files[1] && files[1] < files[2], "{files:?}");
    assert_eq!(std::fs::read(ahead).unwrap(), b"what a session before wrote");
}

#[test]
fn a_file_that_was_cut_is_good_up_to_its_last_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut file = EventFile::create(folder.path(), 1).unwrap();
    for step in 1..4 {
        file.scalars(step, "step", &[("loss", 1.0)]).unwrap();
    }
    let whole = read(&file);
    for cut in 1..20 {
        assert_eq!(scalars(&whole[..whole.len() - cut]).len(), 2);
    }
}
