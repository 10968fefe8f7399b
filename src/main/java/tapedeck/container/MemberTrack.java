package tapedeck.container;

import tapedeck.media.Track;

/// A track that joins a file of many streams.
///
/// @param track its id is unique in the file
/// @param shownFromNanos time of the file before which nothing of it is shown; its frames may begin earlier, for the
///     first picture that is shown can need those before it
public record MemberTrack(Track track, TrackIdentity identity, long shownFromNanos) {}
