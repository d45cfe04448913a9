package local;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;

/**
 * MongoDB's sparse index over one field that few documents have: whoever asks for it is spared all others.
 *
 * <p>In which order they lie is not kept: what is found is matched and sorted as ever.
 */
final class SparseIndex extends MemoryIndex {

    private final SparseFields fields;

    SparseIndex(String name, IndexKey key, SparseFields fields, boolean isEmpty) {
        super(name, key, isEmpty);
        this.fields = fields;
    }

    @Override
    public boolean canHandle(Document query) {
        return fields.canHandle(field, query);
    }

    @Override
    public Iterable<Object> getPositions(Document query) {
        return fields.positions(field);
    }

    @Override
    public void add(Document document, Object position, MongoCollection<Object> collection) {
        fields.add(field, document, position);
    }

    @Override
    public void updateInPlace(
            Document before, Document after, Object position, MongoCollection<Object> collection) {
        fields.change(field, before, after, position);
    }

    @Override
    public Object remove(Document document) {
        fields.remove(field, document);
        return null;
    }

    @Override
    public void drop() {
        fields.exclude(field);
    }
}
