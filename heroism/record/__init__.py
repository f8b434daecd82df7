"""What a run leaves behind, and what both sides must know of it: records, searches and plans as files of JSON."""

from heroism.record.files import SCHEMA, BrokenRecord, File, finite
from heroism.record.measured import Measured
from heroism.record.plans import OWN, Plan, read_plan, read_plans
from heroism.record.records import Record
from heroism.record.searches import Instance, SearchRecord

__all__ = ["OWN", "SCHEMA", "BrokenRecord", "File", "Instance", "Measured", "Plan", "Record", "SearchRecord", "finite",
           "read_plan", "read_plans"]
