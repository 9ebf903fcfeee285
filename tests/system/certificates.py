"""A certificate authority of one test run: PEM files made by openssl. Not for anything but loopback."""

import pathlib
import subprocess


class Authority:
    """FOLDER/ca.pem and, for each name asked for, NAME.pem (certificate), NAME.key (PKCS#8), NAME.store.pem (all in one)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=sluss test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "ca.key", "-out", "ca.pem")

    def issue(self, name, days=2, hosts="DNS:localhost,IP:127.0.0.1"):
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\nextendedKeyUsage=serverAuth,clientAuth\n"
                              "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      *self._validity(days), "-extfile", extensions.name, "-out", f"{name}.pem")
        parts = [f"{name}.key", f"{name}.pem", "ca.pem"]
        store = self.folder / f"{name}.store.pem"
        store.write_text("".join((self.folder / part).read_text() for part in parts))
        return self.folder / f"{name}.pem", self.folder / f"{name}.key", store

    def _validity(self, days):
        """Until so many days from now. A negative number is refused by newer versions, which can be given dates."""
        if days < 0 and b"-not_after" in subprocess.run(["openssl", "x509", "-help"], capture_output=True, check=True).stderr:
            return "-not_before", "20200101000000Z", "-not_after", "20200201000000Z"
        return "-days", str(days)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
