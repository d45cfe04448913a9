"""The timeline's collections in MongoDB.

Every write to a collection that grows names its document by `_id` alone: where indexes are not real, any other
condition beside `_id` reads the collection whole. So a write's condition lies in its form (`$max`, a key of its own,
a unique insert), and what it met is read from the document it returns. Lanes and tenants, one document per account,
may have conditions.

Being away is the driver's own exception; `app` says which of them mean "later".
"""

from timeline.adapters.mongo.lanes import MongoLanes
from timeline.adapters.mongo.stores import MongoStores

__all__ = ["MongoLanes", "MongoStores"]
