package tapedeck.record;

import org.jspecify.annotations.Nullable;

/// What a file lacks. Measured while it was written; of a file that a crash ended, or that somebody put into the
/// folder, it is not known.
///
/// @param framesMissing that got lost on the way from the publisher as far as that is known (WebRTC), that the disk was
///     too slow for, that the container refused, or that came after them and could not be shown alone
/// @param freezeMillis the longest time that one picture stood; without video, the longest silence between frames
/// @param filledMillis silence that the conversion of sound put where none came; null where nothing was converted
/// @param driftMillis how far the time stamps of the sound ran away from the sound itself, positive if sound was
///     missing; null without sound
public record Quality(
        long framesMissing,
        long freezeMillis,
        @Nullable Long filledMillis,
        @Nullable Long driftMillis) {}
