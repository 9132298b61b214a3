//! Flags of `train` that set settings, built from the table of settings.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use toml::Value;

use crate::train::config::{Fallback, Kind, Layer, SETTINGS, Setting};
use crate::train::{Error, Result};
use crate::weights::Source;

/// Headings of `--help` for flags of settings, in order.
const HEADINGS: [&str; 4] = ["Data", "Training", "Run", "Machine"];

/// Flags that say more of `--pretrained`.
const OF_WEIGHTS: [&str; 6] = ["dialect", "mean", "std", "crop", "fit", "interpolation"];

/// Values of the flags of settings.
#[derive(Clone, Debug, Default)]
pub(super) struct SettingFlags(ArgMatches);

impl SettingFlags {
    /// The settings that the flags set.
    ///
    /// # Errors
    /// When a path cannot be made absolute.
    pub(super) fn layer(&self) -> Result<Layer> {
        let mut layer = Layer::empty("the flags");
        for (setting, flag, _) in flags() {
            let value = match setting.kind {
                Kind::Path => self.0.get_one::<PathBuf>(flag).map(|path| absolute(path)).transpose()?,
                Kind::Source => self.0.get_one::<Source>(flag).map(absolute_source).transpose()?,
                Kind::Texts => self.0.get_many::<Value>(flag).map(|texts| texts.cloned().collect::<Vec<_>>().into()),
                _ => self.0.get_one::<Value>(flag).cloned(),
            };
            if let Some(value) = value {
                layer.set(setting.key, value);
            }
        }
        Ok(layer)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Self> {
        Ok(Self(matches.clone()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        self.0 = matches.clone();
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        let mut args: Vec<Arg> = Vec::new();
        for (setting, flag, value) in flags() {
            // A flag may set two settings.
            if args.iter().all(|arg| arg.get_id() != flag) {
                args.push(arg(setting, flag, value));
            }
        }
        args.sort_by_key(|arg| HEADINGS.iter().position(|heading| Some(*heading) == arg.get_help_heading()));
        command
            .args(args)
            .mut_arg("progressive", |arg| arg.num_args(0..=1).default_missing_value("4"))
            .mut_args(|arg| if OF_WEIGHTS.contains(&arg.get_id().as_str()) { arg.requires("pretrained") } else { arg })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Settings with a flag, the flag, and the name of its value.
fn flags() -> impl Iterator<Item = (&'static Setting, &'static str, &'static str)> {
    SETTINGS.iter().filter_map(|setting| setting.flag.map(|(flag, value)| (setting, flag, value)))
}

/// Builds a setting's flag. Bounds are checked later, with all other settings.
fn arg(setting: &Setting, flag: &'static str, value: &'static str) -> Arg {
    let fallback = match &setting.fallback {
        Fallback::Value(Value::String(text)) => format!(" [default: {text}]"),
        Fallback::Value(Value::Array(_)) => String::new(),
        Fallback::Value(value) => format!(" [default: {value}]"),
        Fallback::Words(words) => format!(" [default: {words}]"),
    };
    let help = format!("{}{fallback}", setting.help.trim_end_matches('.'));
    let arg = Arg::new(flag).long(flag).value_name(value).help_heading(setting.heading).help(help);
    match setting.kind {
        Kind::Whole => arg.value_parser(value_parser!(i64).range(0..).map(Value::from)),
        Kind::Number => arg.value_parser(|text: &str| text.parse::<f64>().map(Value::from)),
        Kind::OneOf(words) => arg.value_parser(PossibleValuesParser::new(words).map(Value::from)),
        Kind::Text | Kind::Other(_) => arg.value_parser(StringValueParser::new().map(Value::from)),
        Kind::Texts => arg.value_parser(StringValueParser::new().map(Value::from)).action(ArgAction::Append),
        Kind::Path => arg.value_parser(PathBufValueParser::new()),
        Kind::Source => arg.value_parser(PathBufValueParser::new().try_map(Source::try_from)),
        Kind::Numbers => arg.value_parser(|text: &str| {
            text.split(',')
                .map(|number| number.trim().parse::<f64>().map(Value::from))
                .collect::<std::result::Result<_, _>>()
                .map(Value::Array)
        }),
    }
}

/// As [`absolute`]; a repository stays as it is.
fn absolute_source(source: &Source) -> Result<Value> {
    match source.as_path() {
        Some(path) => absolute(path),
        None => Ok(source.to_string().into()),
    }
}

/// Makes a path absolute: a run may be resumed from another folder.
fn absolute(path: &Path) -> Result<Value> {
    let absolute = std::path::absolute(path).map_err(Error::folder("read", path))?;
    match absolute.to_str() {
        Some(text) => Ok(text.into()),
        None => Err(Error::Setting(format!("the path `{}` is not UTF-8: rename it", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_sets_its_settings() {
        let mut line = vec!["train".to_owned()];
        for (setting, flag, _) in flags() {
            let value = match setting.kind {
                Kind::Whole => "7",
                Kind::Number => "0.5",
                Kind::OneOf(words) => words[0],
                Kind::Numbers => "0.5,0.25",
                Kind::Text | Kind::Path | Kind::Source | Kind::Texts | Kind::Other(_) => "text",
            };
            line.push(format!("--{flag}={value}"));
        }
        line.dedup();
        let command = SettingFlags::augment_args(Command::new("train"));
        assert!(command.get_arguments().all(|arg| HEADINGS.contains(&arg.get_help_heading().unwrap())));
        let matches = command.clone().try_get_matches_from(line).unwrap();
        let said = SettingFlags(matches).layer().unwrap();
        for (setting, flag, _) in flags() {
            let value = match setting.kind {
                Kind::Whole => 7.into(),
                Kind::Number => 0.5.into(),
                Kind::OneOf(words) => words[0].into(),
                Kind::Texts => vec!["text"].into(),
                Kind::Numbers => vec![0.5, 0.25].into(),
                Kind::Path | Kind::Source => std::env::current_dir().unwrap().join("text").to_str().unwrap().into(),
                Kind::Text | Kind::Other(_) => "text".into(),
            };
            assert_eq!(said.settings.get(setting.key), Some(&value), "--{flag}");
        }
        let matches = command.try_get_matches_from(["train", "--progressive"]).unwrap();
        assert_eq!(SettingFlags(matches).layer().unwrap().settings.get("stages.count"), Some(&4.into()));
    }
}
