/// Every setting and its default, as one tree of records.
///
/// Public: [Settings], [Announced] and [SettingsException]; the file, the environment and the command line are read by
/// [SettingsSource].
@org.jspecify.annotations.NullMarked
package tapedeck.settings;
