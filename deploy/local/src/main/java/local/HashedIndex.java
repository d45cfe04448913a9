package local;

import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import java.util.Collection;
import java.util.Objects;

/**
 * MongoDB's hashed index over one field: documents are found by a text there, whatever else a query asks.
 *
 * <p>A choice between fields that all have one ({@code $or}) is found by any of them.
 */
final class HashedIndex extends MemoryIndex {

    /** What MongoDB answers whom it tells that a hashed index takes no arrays. */
    private static final int NO_ARRAYS = 16766;

    private final HashedFields fields;

    HashedIndex(String name, IndexKey key, HashedFields fields, boolean isEmpty) {
        super(name, key, isEmpty);
        this.fields = fields;
    }

    @Override
    public boolean canHandle(Document query) {
        return fields.canHandle(query);
    }

    @Override
    public Iterable<Object> getPositions(Document query) {
        return fields.positions(query);
    }

    @Override
    public void checkAdd(Document document, MongoCollection<Object> collection) {
        if (document.get(field) instanceof Collection<?>) {
            throw new MongoServerError(NO_ARRAYS, "hashed indexes do not support array values");
        }
    }

    @Override
    public void add(Document document, Object position, MongoCollection<Object> collection) {
        fields.add(field, document, position);
    }

    @Override
    public void updateInPlace(
            Document before, Document after, Object position, MongoCollection<Object> collection) {
        if (!Objects.equals(before.get(field), after.get(field))) {
            add(after, position, collection);
        }
    }

    /** What is gone is seen to be gone when it is looked up. */
    @Override
    public Object remove(Document document) {
        return null;
    }

    @Override
    public void drop() {
        fields.exclude(field);
    }
}
