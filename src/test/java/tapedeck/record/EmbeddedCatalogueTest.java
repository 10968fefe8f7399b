package tapedeck.record;

/// With the database in the data folder.
class EmbeddedCatalogueTest extends CatalogueCases {}
