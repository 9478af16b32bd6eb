"""Messages of Protocol Buffers: those of a library in a file, and fields by hand."""


def write(path, message):
    path.write_bytes(message.SerializeToString())
    return path


def varint(value):
    """Encode a number, seven bits a byte, the lowest first."""
    encoded = b""
    while value > 127:
        encoded, value = encoded + bytes([value & 127 | 128]), value >> 7
    return encoded + bytes([value])


def field(number, content):
    """Encode a field that holds bytes, a message or packed numbers."""
    return varint(number << 3 | 2) + varint(len(content)) + content
