"""Rewrites of a function that keep its meaning: names, order of operands and of statements."""

import ast
import copy


class Renamed(ast.NodeTransformer):
    """Forms called by their block's name, drawn values in place of capital names."""

    def __init__(self, values):
        self.values = values

    def visit_FunctionDef(self, node):
        node.decorator_list = []
        node.name = node.name.partition("__")[0]
        return self.generic_visit(node)

    def visit_Name(self, node):
        if node.id in self.values:
            return ast.copy_location(ast.Constant(self.values[node.id]), node)
        if not node.id.startswith("_"):
            node.id = node.id.partition("__")[0]
        return node


class Commuted(ast.NodeTransformer):
    """Some sums and products with their operands exchanged."""

    def __init__(self, random):
        self.random = random

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Mult)) and self.random.random() < 0.3:
            node.left, node.right = node.right, node.left
        return node


class Reordered(ast.NodeTransformer):
    """Neighbouring assignments that do not depend on each other, in another order."""

    def __init__(self, random):
        self.random = random

    def generic_visit(self, node):
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for k in range(len(body) - 1):
                if independent(body[k], body[k + 1]) and self.random.random() < 0.5:
                    body[k], body[k + 1] = body[k + 1], body[k]
        return node


def independent(first, second):
    """Whether two statements assign names, and neither reads or assigns what the other assigns."""
    if not all(assigns_names(statement) for statement in (first, second)):
        return False
    return not (
        names(first, ast.Store) & names(second, ast.Store)
        or names(first, ast.Store) & names(second, ast.Load)
        or names(second, ast.Store) & names(first, ast.Load)
    )


def assigns_names(statement):
    """Whether a statement is an assignment to names."""
    if not isinstance(statement, ast.Assign):
        return False
    targets = [t.elts if isinstance(t, ast.Tuple) else [t] for t in statement.targets]
    return all(isinstance(name, ast.Name) for several in targets for name in several)


def names(statement, context):
    """The names that a statement reads or assigns."""
    found = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {node.id for node in found if isinstance(node.ctx, context)}


def rewritten(function, random, values):
    """A copy of a form, under its block's name, rewritten at random."""
    function = Renamed(values).visit(copy.deepcopy(function))
    function = Reordered(random).visit(Commuted(random).visit(function))
    return ast.fix_missing_locations(function)


def without_option(function, option):
    """A copy of a function that does not offer an option, and computes with its default."""
    function = copy.deepcopy(function)
    arguments = function.args.args
    names_ = [argument.arg for argument in arguments]
    if option not in names_:
        return function
    k = names_.index(option)
    default = function.args.defaults.pop(k - len(arguments))
    del arguments[k]
    assigned = ast.Assign([ast.Name(option, ast.Store())], default)
    function.body.insert(1 if ast.get_docstring(function) else 0, assigned)
    return ast.fix_missing_locations(function)


def with_refusal(function, condition, error):
    """A copy of a function that begins by raising an exception where a condition holds."""
    function = copy.deepcopy(function)
    (statement,) = ast.parse(f"if {condition}:\n    raise {error}").body
    function.body.insert(1 if ast.get_docstring(function) else 0, statement)
    return ast.fix_missing_locations(function)


def options_of(function):
    """The names of the optional parameters."""
    count = len(function.args.defaults)
    return [argument.arg for argument in function.args.args[-count:]] if count else []
