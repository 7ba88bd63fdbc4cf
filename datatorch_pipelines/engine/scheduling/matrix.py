"""Stub."""
import itertools
class MatrixError(Exception):
    def __init__(self, message, path=(), hint=None):
        super().__init__(message); self.message=message; self.path=path; self.hint=hint
def combinations(matrix, limits=None):
    keys=[k for k in matrix if k not in("include","exclude")]
    return [dict(zip(keys,c)) for c in itertools.product(*(matrix[k] for k in keys))] if keys else []
def instance_name(name, c): return f"{name} ({', '.join(map(str,c.values()))})"
