//! The devices of the demo's customers, as the SDK reports them.

pub struct Device {
    pub app_version: &'static str,
    pub platform: &'static str,
    pub platform_version: &'static str,
    pub sdk: &'static str,
}

pub const IPHONE: Device = device("iOS", "Version 19.1 (Build 23B85)", "4.12.0", "native 5.1.0");
pub const OLD_IPHONE: Device = device("iOS", "Version 17.7.2 (Build 21H221)", "4.9.3", "native 4.43.2");
pub const IPAD: Device = device("iOS", "Version 18.7 (Build 22H20)", "4.12.0", "flutter 9.4.0");
pub const PIXEL: Device = device("Android", "36", "4.12.0", "native 9.12.0");
pub const GALAXY: Device = device("Android", "35", "4.11.2", "native 9.12.0");
pub const OLD_ANDROID: Device = device("Android", "31", "4.7.0", "react-native 8.2.4");

#[rustfmt::skip]
const fn device(
    platform: &'static str, platform_version: &'static str, app_version: &'static str, sdk: &'static str,
) -> Device {
    Device { app_version, platform, platform_version, sdk }
}
