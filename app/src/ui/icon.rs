//! A small set of line icons, drawn inline (20 x 20, stroke 1.6) in the colour of the text beside them.

use leptos::prelude::*;

/// Which icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IconName {
    /// ✓
    Check,
    /// ⚠
    Warning,
    /// i in a circle.
    Info,
    /// ×
    Close,
    /// ⌄
    ChevronDown,
    /// ›
    ChevronRight,
    /// +
    Plus,
    /// −
    Minus,
    /// Magnifying glass.
    Search,
    /// Arrow into a tray.
    Upload,
    /// Arrow out to a tray.
    Download,
    /// Circle of an arrow: run again.
    Rerun,
    /// ▶
    Play,
    /// ■
    Stop,
    /// Waste bin.
    Trash,
    /// Pencil.
    Edit,
    /// Empty tray.
    Inbox,
    /// Sun: light theme.
    Sun,
    /// Moon: dark theme.
    Moon,
    /// Two sheets: copy.
    Copy,
    /// Padlock: blocked.
    Lock,
    /// Clock: stale.
    Clock,
    /// Cog.
    Settings,
    /// Sheet of paper.
    File,
    /// Lines with dots: records.
    List,
    /// Branches: topics.
    Tree,
    /// ?
    Help,
    /// …
    More,
}

impl IconName {
    /// The path on a 20 x 20 grid.
    const fn path(self) -> &'static str {
        match self {
            Self::Check => "M4 10.5l4 4 8-9",
            Self::Warning => "M10 3.2L18 17H2zM10 8.2v4M10 14.6v.1",
            Self::Info => "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15zM10 9v5M10 6.3v.1",
            Self::Close => "M5 5l10 10M15 5L5 15",
            Self::ChevronDown => "M5 8l5 5 5-5",
            Self::ChevronRight => "M8 5l5 5-5 5",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Minus => "M4 10h12",
            Self::Search => "M9 3.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM13 13l4 4",
            Self::Upload => "M10 13V3M6 7l4-4 4 4M3 13v4h14v-4",
            Self::Download => "M10 3v10M6 9l4 4 4-4M3 13v4h14v-4",
            Self::Rerun => "M16 10a6 6 0 1 1-2-4.5M16 3v3.5h-3.5",
            Self::Play => "M6 4l10 6-10 6z",
            Self::Stop => "M5 5h10v10H5z",
            Self::Trash => "M3.5 5.5h13M8 5.5V3h4v2.5M5 5.5l1 11.5h8l1-11.5M8.5 8.5v5.5M11.5 8.5v5.5",
            Self::Edit => "M3 17l1-4L14 3l3 3L7 16zM12 5l3 3",
            Self::Inbox => "M3 11l3-7h8l3 7v5H3zM3 11h4l1 2h4l1-2h4",
            Self::Sun => {
                "M10 6.5a3.5 3.5 0 1 0 0 7a3.5 3.5 0 1 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1"
            }
            Self::Moon => "M16.5 11.5A7 7 0 0 1 8.5 3.5a7 7 0 1 0 8 8z",
            Self::Copy => "M7 7h10v10H7zM13 7V3H3v10h4",
            Self::Lock => "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
            Self::Clock => "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15zM10 6v4.5l3 1.5",
            Self::Settings => {
                "M3 6h7M14 6h3M3 14h3M10 14h7M12 4a2 2 0 1 0 0 4a2 2 0 1 0 0-4zM8 12a2 2 0 1 0 0 4a2 2 0 1 0 0-4z"
            }
            Self::File => "M5 2.5h6l4 4v11H5zM11 2.5v4h4",
            Self::List => "M7 5h10M7 10h10M7 15h10M3.5 5v.1M3.5 10v.1M3.5 15v.1",
            Self::Tree => "M4 3v11h5M4 7h5M12 7h5M12 14h5",
            Self::More => {
                "M4.2 10a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0M9.2 10a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0M14.2 10a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0"
            }
            Self::Help => {
                "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15zM7.8 8a2.2 2.2 0 1 1 3 2.1c-.6.3-.8.7-.8 1.4M10 14v.1"
            }
        }
    }
}

/// An icon as decoration: hidden from screen readers, so words must stand beside it (or an `aria-label`
/// on the button around it).
#[component]
pub fn Icon(
    /// Which.
    name: IconName,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=name.path()></path>
        </svg>
    }
}
