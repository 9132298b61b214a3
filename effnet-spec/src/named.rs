//! Enums whose members go by a name in tables and messages. The name is written once, beside the member.

/// A closed set of names.
pub trait Named: Copy + 'static {
    /// The word that a message has for a member: `padding`.
    const WHAT: &'static str;

    /// Each member's name, and what a list of them says of it in parentheses, if anything.
    const NAMES: &'static [(&'static str, &'static str)];

    /// Every member, in the order of [`Named::NAMES`].
    const MEMBERS: &'static [Self];

    /// The member of this name.
    fn named(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|(known, _)| *known == name)?;
        Some(Self::MEMBERS[place])
    }
}

/// Defines an enum with `ALL`, `name`, `Display` and [`Named`]:
/// `enum Padding: "padding" { Symmetric = "symmetric", Same = "same" }`. A list's words on a name follow it in
/// parentheses: `Fused = "fused" ("or 0")`.
#[doc(hidden)]
#[macro_export]
macro_rules! named {
    (
        $(#[$attribute:meta])*
        $vis:vis enum $Enum:ident: $what:literal {
            $($(#[$member_attribute:meta])* $Member:ident = $name:literal $(($note:literal))?,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $Enum {
            $($(#[$member_attribute])* $Member,)*
        }

        impl $Enum {
            /// Every member, in the order in which they are documented.
            $vis const ALL: [Self; [$($name),*].len()] = [$(Self::$Member),*];

            /// Its name in tables and messages.
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$Member => $name,)*
                }
            }
        }

        impl std::fmt::Display for $Enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl $crate::named::Named for $Enum {
            const WHAT: &'static str = $what;
            const NAMES: &'static [(&'static str, &'static str)] = &[$(($name, concat!($($note)?))),*];
            const MEMBERS: &'static [Self] = &Self::ALL;
        }
    };
}
