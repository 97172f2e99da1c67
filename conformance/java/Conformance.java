import java.security.*;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Collections;

/** Drives the module through SunPKCS11. Arguments: configuration file, PIN. */
public class Conformance {
    private static final byte[] MESSAGE = "a message from Java".getBytes();

    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        Security.addProvider(provider);
        check("ECDSA is offered", provider.getService("Signature", "SHA256withECDSA") != null);

        KeyStore wrong = KeyStore.getInstance("PKCS11", provider);
        refused("a wrong PIN", () -> wrong.load(null, "wrong-0000".toCharArray()));
        KeyStore store = KeyStore.getInstance("PKCS11", provider);
        store.load(null, arguments[1].toCharArray());

        check("stored entry", store.isKeyEntry("stored"));
        PrivateKey stored = (PrivateKey) store.getKey("stored", null);
        X509Certificate certificate = (X509Certificate) store.getCertificate("stored");
        check("its certificate", certificate.getSubjectX500Principal().getName().equals("CN=stored"));
        byte[] signature = sign(provider, "SHA256withECDSA", stored);
        check("sign with the stored key",
            verify("SunEC", "SHA256withECDSA", certificate.getPublicKey(), signature));

        for (String curve : new String[] {"secp256r1", "secp384r1", "secp521r1"}) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", provider);
            generator.initialize(new ECGenParameterSpec(curve));
            KeyPair pair = generator.generateKeyPair();
            check(curve + ": the value stays inside", pair.getPrivate().getEncoded() == null);
            PublicKey outside = KeyFactory.getInstance("EC", "SunEC")
                .generatePublic(new X509EncodedKeySpec(pair.getPublic().getEncoded()));
            for (String algorithm : new String[] {"SHA256withECDSA", "SHA512withECDSA"}) {
                byte[] made = sign(provider, algorithm, pair.getPrivate());
                check(curve + ": the JDK verifies " + algorithm,
                    verify("SunEC", algorithm, outside, made));
                check(curve + ": verify " + algorithm,
                    verify(provider.getName(), algorithm, pair.getPublic(), made));
                made[made.length - 1] ^= 1;
                check(curve + ": refuse " + algorithm,
                    !verify(provider.getName(), algorithm, pair.getPublic(), made));
            }
        }
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", provider);
        refused("a curve that does not exist",
            () -> generator.initialize(new ECGenParameterSpec("nonsense")));

        MessageDigest digest = MessageDigest.getInstance("SHA-256", provider);
        byte[] expected = MessageDigest.getInstance("SHA-256", "SUN").digest(MESSAGE);
        check("digest", Arrays.equals(digest.digest(MESSAGE), expected));
        byte[] random = new byte[32];
        SecureRandom.getInstance("PKCS11", provider).nextBytes(random);
        check("random", !Arrays.equals(random, new byte[32]));
        check("aliases", Collections.list(store.aliases()).contains("stored"));
        store.deleteEntry("stored");
        check("delete entry", !store.containsAlias("stored"));
        ((AuthProvider) provider).logout();
    }

    private static byte[] sign(Provider provider, String algorithm, PrivateKey key) throws Exception {
        Signature signer = Signature.getInstance(algorithm, provider);
        signer.initSign(key);
        signer.update(MESSAGE, 0, 5);
        signer.update(MESSAGE, 5, MESSAGE.length - 5);
        return signer.sign();
    }

    private static boolean verify(String provider, String algorithm, PublicKey key, byte[] signature)
            throws Exception {
        Signature verifier = Signature.getInstance(algorithm, provider);
        verifier.initVerify(key);
        verifier.update(MESSAGE);
        try {
            return verifier.verify(signature);
        } catch (SignatureException e) {
            return false; // not even the form of a signature
        }
    }

    private interface Action {
        void run() throws Exception;
    }

    private static void refused(String name, Action action) {
        try {
            action.run();
            check(name, false);
        } catch (Exception e) {
            check(name, true);
        }
    }

    private static void check(String name, boolean good) {
        System.out.println((good ? "ok    " : "FAIL  ") + name);
    }
}
