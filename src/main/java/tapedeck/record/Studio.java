package tapedeck.record;

import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;

/// What all recordings share.
///
/// @param backlog bytes that may wait for the disk, of all recordings together
record Studio(Settings.Recording settings, Journals journals, Finisher finisher, DiskGuard guard, ByteBudget backlog) {}
