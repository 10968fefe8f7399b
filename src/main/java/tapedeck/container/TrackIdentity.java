package tapedeck.container;

/// Whose track it is, in a file with those of many streams.
///
/// @param streamName what players show as the track's name
/// @param mediaSessionId tells a stream that came back from what it was before
public record TrackIdentity(String streamName, String mediaSessionId) {}
