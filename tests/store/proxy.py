"""A bad way to a MongoDB server: proxy.py PORT SERVER_PORT FAULT ARGUMENT

Listens on PORT and hands everything on, until the fault:
  drop N      after N bytes from clients, every connection is closed, once; then all is well again
  refuse N    after N bytes, every connection is closed and no other is taken
  hang N      after N bytes, nothing is handed on any more
  hold C      the first batch that is put into collection C is handed on when a file `go` is there; `held` is printed
  error C     the second document of the first batch that is put into collection C is refused, as by a server
"""
import os
import socket
import struct
import sys
import threading
import time

port, server_port, fault, argument = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
lock = threading.Lock()
state = {"bytes": 0, "done": False, "connections": []}
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def element(kind, name, value):
    return bytes([kind]) + name.encode() + b"\0" + value


def document(*elements):
    body = b"".join(elements) + b"\0"
    return struct.pack("<i", len(body) + 4) + body


def text(value):
    return struct.pack("<i", len(value) + 1) + value.encode() + b"\0"


def refusal(request):
    """The answer to an insert or update command of which only the first document was taken."""
    one = document(element(0x10, "index", struct.pack("<i", 1)), element(0x10, "code", struct.pack("<i", 8)),
                   element(0x02, "errmsg", text("injected")))
    body = document(element(0x10, "n", struct.pack("<i", 1)), element(0x10, "nModified", struct.pack("<i", 0)),
                    element(0x04, "writeErrors", document(element(0x03, "0", one))), element(0x01, "ok", struct.pack("<d", 1.0)))
    return struct.pack("<iiiii", 21 + len(body), 1, request, 2013, 0) + b"\0" + body


def close_all():
    for s in state["connections"]:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
    state["connections"].clear()


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise OSError("end")
        data += more
    return data


def wanted(message):
    """Is it a command that puts documents into the collection that was named?"""
    commands = [command + b"\0" + text(argument) for command in (b"insert", b"update")]
    return struct.unpack("<i", message[12:16])[0] == 2013 and any(command in message[:200] for command in commands)


def from_client(client, server):
    try:
        while True:
            head = read_exactly(client, 16)
            message = head + read_exactly(client, struct.unpack("<i", head[:4])[0] - 16)
            with lock:
                state["bytes"] += len(message)
                due = not state["done"] and (wanted(message) if fault in ("error", "hold") else state["bytes"] > int(argument))
                if due:
                    state["done"] = True
                    if fault in ("drop", "refuse"):
                        if fault == "refuse":
                            listener.shutdown(socket.SHUT_RDWR)
                            listener.close()
                        close_all()
                        return
                if fault == "hang" and state["done"]:
                    continue
            if due and fault == "error":
                client.sendall(refusal(struct.unpack("<i", head[4:8])[0]))
                continue
            if due and fault == "hold":
                print("held", flush=True)
                while not os.path.exists("go"):
                    time.sleep(0.05)
            server.sendall(message)
    except OSError:
        pass
    finally:
        for s in (client, server):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def from_server(client, server):
    try:
        while True:
            data = server.recv(65536)
            if not data:
                break
            client.sendall(data)
    except OSError:
        pass
    finally:
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener.bind(("127.0.0.1", port))
listener.listen(16)
print("ready", flush=True)
while True:
    try:
        client, _ = listener.accept()
    except OSError:
        break
    try:
        server = socket.create_connection(("127.0.0.1", server_port))
    except OSError:
        client.close()
        continue
    with lock:
        state["connections"] += [client, server]
    for target in (from_client, from_server):
        threading.Thread(target=target, args=(client, server), daemon=True).start()
threading.Event().wait()
