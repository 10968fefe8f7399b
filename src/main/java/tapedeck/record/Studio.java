package tapedeck.record;

import tapedeck.settings.Settings;

/// What all recordings share.
record Studio(Settings.Recording settings, Journals journals, Finisher finisher, DiskGuard guard) {}
