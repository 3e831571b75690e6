//! The reserved keys (§10.2) with their labels, in the order of the attributes card (§10.5).

/// What is answered when the customer asks Apple for a refund.
pub const APPLE_REFUNDS: &str = "$appleRefundHandlingPreference";

/// Key and label: the first ones in the order people know, the rest alphabetically.
pub const KEYS: &[(&str, &str)] = &[
    ("$displayName", "Name"),
    ("$email", "E-mail"),
    ("$phoneNumber", "Phone"),
    ("$apnsTokens", "APNS"),
    ("$fcmTokens", "FCM"),
    ("$ip", "IP"),
    ("$attConsentStatus", "ATT Consent"),
    ("$idfa", "idfa"),
    ("$idfv", "idfv"),
    ("$gpsAdId", "GPS Ad ID"),
    ("$amazonAdId", "Amazon Ad ID"),
    ("$androidId", "Android ID"),
    ("$mediaSource", "Media Source"),
    ("$campaign", "Campaign"),
    ("$adGroup", "Ad Group"),
    ("$ad", "Ad"),
    ("$keyword", "Keywords"),
    ("$creative", "Creative"),
    ("$adjustId", "Adjust ID"),
    ("$airshipChannelId", "Airship Channel ID"),
    ("$amplitudeUserId", "Amplitude User ID"),
    ("$appsflyerId", "AppsFlyer ID"),
    ("$appsflyerSharingFilter", "AppsFlyer Sharing Filter"),
    ("$branchId", "Branch ID"),
    ("$clevertapId", "CleverTap ID"),
    ("$airbridgeDeviceId", "Airbridge Device ID"),
    ("$amplitudeDeviceId", "Amplitude Device ID"),
    ("$appleAdsAdGroupId", "Apple Ads Ad Group ID"),
    ("$appleAdsCampaignId", "Apple Ads Campaign ID"),
    ("$appleAdsKeywordId", "Apple Ads Keyword ID"),
    (APPLE_REFUNDS, "Refunds Handling Preference"),
    ("$brazeAliasLabel", "Braze Alias Label"),
    ("$brazeAliasName", "Braze Alias Name"),
    ("$customerioId", "Customer.io ID"),
    ("$deviceVersion", "deviceVersion"),
    ("$fbAnonId", "Facebook Anonymous ID"),
    ("$firebaseAppInstanceId", "Firebase App Instance ID"),
    ("$iterableCampaignId", "Iterable Campaign ID"),
    ("$iterableTemplateId", "Iterable Template ID"),
    ("$iterableUserId", "Iterable User ID"),
    ("$kochavaDeviceId", "Kochava Device ID"),
    ("$mixpanelDistinctId", "Mixpanel Distinct ID"),
    ("$mparticleId", "mParticle ID"),
    ("$onesignalId", "OneSignal ID"),
    ("$onesignalUserId", "OneSignal User ID"),
    ("$posthogUserId", "PostHog User ID"),
    ("$segmentId", "Segment ID"),
    ("$solarEngineAccountId", "SolarEngine Account ID"),
    ("$solarEngineDistinctId", "SolarEngine Distinct ID"),
    ("$solarEngineVisitorId", "SolarEngine Visitor ID"),
    ("$telemetryDeckAppId", "TelemetryDeck App ID"),
    ("$telemetryDeckUserId", "TelemetryDeck User ID"),
    ("$tenjinId", "Tenjin ID"),
];

/// The position and the label of a reserved key.
pub fn find(key: &str) -> Option<(usize, &'static str)> {
    let position = KEYS.iter().position(|(known, _)| *known == key)?;
    KEYS.get(position).map(|(_, label)| (position, *label))
}

/// Whether the values of a key are codes, which people read letter by letter.
pub fn is_code(key: &str) -> bool {
    key.ends_with("Id") || key.ends_with("Tokens") || matches!(key, "$ip" | "$idfa" | "$idfv")
}

/// Keys whose values nobody overwrites by hand (§10.4): they identify a device, or an ad network reported them.
const KEPT: &[&str] = &[
    "$ip",
    "$idfa",
    "$idfv",
    "$gpsAdId",
    "$androidId",
    "$amazonAdId",
    "$mediaSource",
    "$campaign",
    "$adGroup",
    "$ad",
    "$keyword",
    "$creative",
    "$appleAdsCampaignId",
    "$appleAdsAdGroupId",
    "$appleAdsKeywordId",
];

pub fn is_kept(key: &str) -> bool {
    KEPT.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kept_key_is_a_reserved_one() {
        assert!(KEPT.iter().all(|key| find(key).is_some()));
    }
}
