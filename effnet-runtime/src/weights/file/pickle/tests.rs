use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Node, Pickle, PickleError, limits};

/// A value as text, with `…` below some depth.
fn show(node: Node<'_, '_>, depth: usize) -> String {
    let list =
        |nodes: Vec<Node<'_, '_>>| nodes.into_iter().map(|node| show(node, depth + 1)).collect::<Vec<_>>().join(" ");
    let pairs = |node: Node<'_, '_>| {
        let pairs = node.entries().into_iter().flatten();
        pairs.map(|(key, value)| format!(" {}={}", show(key, depth + 1), show(value, depth + 1))).collect::<String>()
    };
    if depth > 4 {
        "…".to_owned()
    } else if let Some(text) = node.text() {
        format!("{text:?}")
    } else if let Some(number) = node.number() {
        number.to_string()
    } else if let Some(truth) = node.truth() {
        truth.to_string()
    } else if let Some(members) = node.members() {
        format!("[{}]", list(members.collect()))
    } else if let Some((module, name)) = node.class() {
        format!("{module}.{name}")
    } else if let Some(name) = node.persistent() {
        format!("persistent({})", show(name, depth + 1))
    } else if let Some((callable, args)) = node.call() {
        let state = node.state().map(|state| format!(" state {}", show(state, depth + 1))).unwrap_or_default();
        format!("{}({}{}{state})", show(callable, depth + 1), show(args, depth + 1), pairs(node))
    } else if node.entries().is_some() {
        format!("{{{}}}", pairs(node).trim_start())
    } else {
        "?".to_owned()
    }
}

fn read(mut bytes: &[u8]) -> Result<String, PickleError> {
    Pickle::read(&mut bytes).map(|pickle| show(pickle.root(), 0))
}

/// Every instruction, as `pickletools` documents it. The results are those of Python's own reader, except for three
/// texts: one with an escape of Python 2's, and two that Python refuses.
/// one with an escape of Python 2's, and two that Python refuses.
#[test]
fn instructions() {
    for (pickle, expected) in [
        // Constants.
        (&b"N."[..], "?"),
        (b"\x88.", "true"),
        (b"\x89.", "false"),
        (b"F1.5\n.", "?"),
        (b"G\x3f\xf8\0\0\0\0\0\0.", "?"),
        (b"K\xff.", "255"),
        (b"M\xff\xff.", "65535"),
        (b"J\xff\xff\xff\x7f.", "2147483647"),
        (b"J\xff\xff\xff\xff.", "?"),
        (b"\x8a\0.", "0"),
        (b"\x8a\x02\xff\0.", "255"),
        (b"\x8a\x01\xff.", "?"),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "9223372036854775807"),
        (b"\x8a\x09\0\0\0\0\0\0\0\0\x01.", "?"),
        (b"\x8b\x02\0\0\0\x01\x01.", "257"),
        (b"I17\n.", "17"),
        (b"I01\n.", "?"),
        (b"L17L\n.", "17"),
        (b"L99999999999999999999L\n.", "?"),
        // Texts.
        (b"V\xe9\\u72ac \\U0001f600\\u005c\n.", "\"é犬 😀\\\\\""),
        (b"Vplain\n.", "\"plain\""),
        (b"V\\ud800\n.", "?"),
        (b"V\\u12\n.", "?"),
        (b"X\x02\0\0\0\xc3\xa9.", "\"é\""),
        (b"\x8c\x02\xc3\xa9.", "\"é\""),
        (b"\x8d\x02\0\0\0\0\0\0\0\xc3\xa9.", "\"é\""),
        (b"\x8c\x03\xed\xa0\x80.", "?"),
        (b"S'abc'\n.", "\"abc\""),
        (b"S'a\\x41'\n.", "?"),
        (b"S'\n.", "\"\""),
        (b"T\x01\0\0\0a.", "\"a\""),
        (b"U\x01a.", "\"a\""),
        (b"C\x01\xff.", "?"),
        (b"B\x01\0\0\0\xff.", "?"),
        (b"\x8e\x01\0\0\0\0\0\0\0\xff.", "?"),
        (b"\x96\x01\0\0\0\0\0\0\0\xff.", "?"),
        // Containers.
        (b").", "[]"),
        (b"K\x01\x85.", "[1]"),
        (b"K\x01K\x02\x86.", "[1 2]"),
        (b"K\x01K\x02K\x03\x87.", "[1 2 3]"),
        (b"(K\x01K\x02t.", "[1 2]"),
        (b"(K\x01l.", "[1]"),
        (b"]K\x01a.", "[1]"),
        (b"](K\x01K\x02e.", "[1 2]"),
        (b"}.", "{}"),
        (b"}K\x01K\x02s.", "{1=2}"),
        (b"}(K\x01K\x02K\x03Nu.", "{1=2 3=?}"),
        (b"(K\x01K\x02d.", "{1=2}"),
        (b"\x8f(K\x01\x90.", "?"),
        (b"(K\x01\x91.", "?"),
        // The stack and the memo.
        (b"K\x01K\x020.", "1"),
        (b"K\x01(K\x02K\x031.", "1"),
        (b"K\x01(0.", "1"),
        (b"K\x012\x86.", "[1 1]"),
        (b"K\x01p7\nK\x02g7\n\x87.", "[1 2 1]"),
        (b"K\x01q\x07h\x07\x86.", "[1 1]"),
        (b"K\x01r\xff\xff\xff\xffj\xff\xff\xff\xff\x86.", "[1 1]"),
        (b"K\x05\x94K\x06\x94h\0h\x01\x86.", "[5 6]"),
        // Objects.
        (b"cm\nC\n.", "m.C"),
        (b"\x8c\x01m\x8c\x01C\x93.", "m.C"),
        (b"cm\nf\nK\x01\x85R.", "m.f([1])"),
        (b"cm\nC\n)\x81.", "m.C([])"),
        (b"cm\nC\nK\x01\x85}\x92.", "m.C([1])"),
        (b"(K\x01im\nC\n.", "m.C([1])"),
        (b"(cm\nC\nK\x01o.", "m.C([1])"),
        (b"cm\nC\n)\x81}K\x01K\x02sb.", "m.C([] state {1=2})"),
        (b"cm\nD\n)R(K\x01K\x02u}b.", "m.D([] 1=2 state {})"),
        (b"cm\nD\n)RK\x01K\x02s.", "m.D([] 1=2)"),
        (b"cm\nL\n)RK\x01a.", "m.L([])"),
        (b"K\x05Q.", "persistent(5)"),
        (b"Pkey\n.", "persistent(\"key\")"),
        // Bytes around a pickle.
        (b"\x80\x02K\x01.", "1"),
        (b"\x80\x05\x95\x03\0\0\0\0\0\0\0K\x01.", "1"),
        (b"K\x01.K\x02.", "1"),
    ] {
        assert_eq!(read(pickle).as_deref(), Ok(expected), "{pickle:?}");
    }
}

#[test]
fn what_cannot_be_read_says_what_and_where() {
    for (pickle, says) in [
        (&b""[..], "ends too early"),
        (b"K\x01", "ends too early"),
        (b"K", "ends too early"),
        (b"X\xff\xff\xff\xffa.", "ends too early"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "ends too early"),
        (b"cm\nC", "ends too early"),
        (b"\x95\x09\0\0\0\0\0\0\0K\x01.", "ends too early"),
        (b"\x80\x06K\x01.", "pickle protocol 6"),
        (b"\x80\x02K\x01\xa3.", "op-code, 0xa3, at byte 4"),
        (b"?", "op-code, 0x3f, at byte 0"),
        (b"\x82\x01.", "op-code EXT1 at byte 0"),
        (b"\x83\x01\0.", "op-code EXT2"),
        (b"\x84\x01\0\0\0.", "op-code EXT4"),
        (b"\x80\x05\x97.", "op-code NEXT_BUFFER at byte 2"),
        (b"\x98.", "op-code READONLY_BUFFER"),
        (b".", "at byte 0: the stack is empty"),
        (b"0", "at byte 0: the stack is empty"),
        (b"K\x01(.", "the stack is empty"),
        (b"(K\x01\x86.", "the stack is empty"),
        (b"t.", "a mark is missing"),
        (b"h\x05.", "recalls what it never noted"),
        (b"K\x01pabc\n.", "a number is none"),
        (b"K\x01K\x02a.", "no list has members"),
        (b"K\x01K\x02K\x03s.", "no dictionary has entries"),
        (b"}(K\x01u.", "a key has no value"),
        (b"}K\x01b.", "no object has a state"),
        (b"(o.", "no class"),
    ] {
        let text = read(pickle).expect_err(&format!("{pickle:?}")).to_string();
        assert!(text.contains(says) && !text.contains('\n'), "{pickle:?}: `{says}` is not in: {text}");
    }
}

/// A list of ten of the previous list, thirty times over: 10³⁰ values if each were copied.
#[test]
fn what_is_shared_is_there_once() {
    let mut pickle = b"](K\x01K\x02e\x94".to_vec();
    for at in 0..30 {
        pickle.extend([b']', b'(']);
        pickle.extend([b'h', at].repeat(10));
        pickle.extend([b'e', 0x94]);
    }
    pickle.push(b'.');
    let start = Instant::now();
    let mut bytes = &pickle[..];
    let read = Pickle::read(&mut bytes).unwrap();
    assert!(read.values.len() < pickle.len());
    assert_eq!(read.root().members().unwrap().len(), 10);
    drop(read);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn depth_and_cycles_need_no_stack() {
    // Half a million tuples, each inside the next.
    let deep = [&b")"[..], &vec![0x85; 1 << 19], b"."].concat();
    assert!(read(&deep).unwrap().contains('…'));
    // A list and a dictionary that contain themselves.
    assert!(read(b"]q\0h\0a.").unwrap().contains('…'));
    assert!(read(b"}q\0K\x01h\0s.").unwrap().contains('…'));
}

#[test]
fn values_are_limited() {
    for one in [&b"]"[..], b")", b"K\x01", b"N\x94", b"cm\nC\n"] {
        let count = limits::VALUES + 2;
        assert_eq!(read(&[&one.repeat(count)[..], b"."].concat()), Err(PickleError::TooLarge), "{one:?}");
        assert!(read(&[&one.repeat(count / 4)[..], b"."].concat()).is_ok(), "{one:?}");
    }
    // Opaque values do not count.
    assert_eq!(read(&[&b"N".repeat(limits::VALUES + 2)[..], b"."].concat()).as_deref(), Ok("?"));
}

#[test]
fn one_pickle_is_read_off_the_front() {
    let mut bytes = &b"\x80\x02K\x01.\x80\x02K\x02.rest"[..];
    assert_eq!(show(Pickle::read(&mut bytes).unwrap().root(), 0), "1");
    assert_eq!(show(Pickle::read(&mut bytes).unwrap().root(), 0), "2");
    assert_eq!(bytes, b"rest");
}

/// Instructions with their arguments: without them, most random programs end at once.
fn instruction() -> impl Strategy<Value = Vec<u8>> {
    let whole: Vec<&[u8]> = vec![
        b"(",
        b".",
        b"0",
        b"1",
        b"2",
        b"N",
        b"Q",
        b"R",
        b"]",
        b"}",
        b")",
        b"a",
        b"b",
        b"d",
        b"e",
        b"l",
        b"o",
        b"s",
        b"t",
        b"u",
        b"\x81",
        b"\x85",
        b"\x86",
        b"\x87",
        b"\x8f",
        b"\x90",
        b"\x91",
        b"\x92",
        b"\x93",
        b"\x94",
        b"K\x01",
        b"h\0",
        b"h\x01",
        b"q\0",
        b"q\x01",
        b"cm\nC\n",
        b"X\x01\0\0\0a",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"im\nC\n",
    ];
    prop_oneof![9 => proptest::sample::select(whole).prop_map(<[u8]>::to_vec), 1 => any::<u8>().prop_map(|byte| vec![byte])]
}

proptest! {
    #[test]
    fn random_programs_end(program in prop::collection::vec(instruction(), 0..60)) {
        let program = program.concat();
        let mut bytes = &program[..];
        if let Ok(pickle) = Pickle::read(&mut bytes) {
            show(pickle.root(), 0);
        }
    }
}
